/** nginx with its RTMP module, as Debian ships it, writing HLS: for comparison. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { eventually } from '../../support/eventually.ts'
import { freePorts } from '../../support/free-ports.ts'
import { CannotRun } from '../chaos-case.ts'
import type { Peer } from './peer-case.ts'

const NGINX = '/usr/sbin/nginx'
const MODULE = '/usr/lib/nginx/modules/ngx_rtmp_module.so'
const FRAGMENT_SECONDS = 2
const PLAYLIST_SECONDS = 20

export async function startNginx(): Promise<Peer> {
  if (!existsSync(NGINX) || !existsSync(MODULE))
    throw new CannotRun('nginx with its RTMP module is not installed: apt-get install libnginx-mod-rtmp')
  const folder = await mkdtemp(path.join(tmpdir(), 'headwater-nginx-'))
  await mkdir(path.join(folder, 'hls'))
  const [rtmpPort = 0, httpPort = 0] = await freePorts(2)
  const file = path.join(folder, 'nginx.conf')
  await writeFile(file, configOf(folder, rtmpPort, httpPort))
  const child = spawn(NGINX, ['-p', folder, '-c', file, '-e', path.join(folder, 'start.log')], {
    stdio: 'ignore',
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  await eventually(() =>
    fetch(`http://127.0.0.1:${httpPort}/`).then(
      () => true,
      () => false,
    ),
  )
  return {
    rtmpPort,
    publishName: 'chaos',
    player: 'hls.js',
    address: `http://127.0.0.1:${httpPort}/hls/chaos.m3u8`,
    async close() {
      child.kill('SIGTERM')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The module's own example, with short fragments. */
function configOf(folder: string, rtmpPort: number, httpPort: number): string {
  return `
load_module ${MODULE};
daemon off; master_process off; worker_processes 1;
pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 256; }
rtmp { server { listen 127.0.0.1:${rtmpPort}; application live {
  live on; hls on; hls_path ${folder}/hls; hls_fragment ${FRAGMENT_SECONDS}s; hls_playlist_length ${PLAYLIST_SECONDS}s;
} } }
http {
  access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  types { application/vnd.apple.mpegurl m3u8; video/mp2t ts; }
  server { listen 127.0.0.1:${httpPort}; location / {
    root ${folder}; add_header Cache-Control no-cache; add_header Access-Control-Allow-Origin *;
  } }
}
`
}
