/** What `edge.ts` compares: nginx and Varnish with their own coalescing, this edge, and this edge behind an nginx that only caches. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { eventually } from '../../support/eventually.ts'
import { freePorts } from '../../support/free-ports.ts'
import { Child } from './child.ts'

export const CONTESTANTS = ['nginx', 'varnish', 'edge', 'nginx + edge'] as const
export type ContestantName = (typeof CONTESTANTS)[number]

export interface Contestant {
  port: number
  /** Roots of its processes. */
  pids: number[]
  close(): Promise<void>
}

export const SERVER_CORE = '0'
export const LOAD_CORE = '1'

export function pin(pid: number, core: string): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', core, `${pid}`], { stdio: 'ignore' })
}

export async function startContestant(name: ContestantName, originPort: number): Promise<Contestant> {
  if (name === 'nginx') return startNginx({ port: originPort, hasLock: true, prefix: '/internal/media' })
  if (name === 'varnish') return startVarnish(originPort)
  const { child, ready } = await Child.start<{ port: number }>(new URL('edge-process.ts', import.meta.url), [
    `http://127.0.0.1:${originPort}`,
  ])
  pin(child.pid, SERVER_CORE)
  const edge = { port: ready.port, pids: [child.pid], close: () => child.close() }
  if (name === 'edge') return edge
  const nginx = await startNginx({ port: ready.port, hasLock: false, prefix: '' })
  const close = async (): Promise<void> => {
    await nginx.close()
    await edge.close()
  }
  return { port: nginx.port, pids: [...nginx.pids, ...edge.pids], close }
}

interface Behind {
  port: number
  hasLock: boolean
  prefix: string
}

async function startNginx(behind: Behind): Promise<Contestant> {
  const folder = mkdtempSync(path.join(tmpdir(), 'headwater-bench-'))
  const [port = 0] = await freePorts(1)
  const file = path.join(folder, 'nginx.conf')
  writeFileSync(file, nginxConfig(folder, port, behind))
  const program = process.env['NGINX_PATH'] ?? '/usr/sbin/nginx'
  return startServer(program, ['-c', file, '-p', folder, '-e', path.join(folder, 'error.log')], {
    port,
    folder,
  })
}

/** With the lock it keeps playlists, too: that is how it makes one request of many. */
function nginxConfig(folder: string, port: number, { port: to, hasLock, prefix }: Behind): string {
  const pass = (uri: string): string =>
    `proxy_pass http://behind${uri}; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_read_timeout 25s;`
  const cache = 'proxy_cache media; proxy_cache_key $request_uri; proxy_ignore_client_abort on;'
  const lock = hasLock
    ? 'proxy_cache_lock on; proxy_cache_lock_timeout 25s; proxy_cache_lock_age 25s;'
    : 'proxy_cache_lock off;'
  return `
daemon off; worker_processes 1; pid ${folder}/nginx.pid; worker_rlimit_nofile 16384; user root;
events { worker_connections 16000; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  proxy_cache_path ${folder}/cache levels=1:2 keys_zone=media:32m max_size=1g use_temp_path=off;
  upstream behind { server 127.0.0.1:${to}; keepalive 512; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { ${pass(prefix === '' ? '' : `${prefix}/`)} ${hasLock ? cache + lock : ''} }
    location ~ \\.m4s$ { ${pass(prefix === '' ? '' : `${prefix}$uri`)} ${cache} ${lock} }
  }
}
`
}

async function startVarnish(originPort: number): Promise<Contestant> {
  const folder = mkdtempSync(path.join(tmpdir(), 'headwater-bench-'))
  const [port = 0] = await freePorts(1)
  const file = path.join(folder, 'default.vcl')
  writeFileSync(
    file,
    `vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "${originPort}"; .first_byte_timeout = 25s; .between_bytes_timeout = 10s; }
sub vcl_backend_fetch { set bereq.url = "/internal/media" + bereq.url; }
`,
  )
  mkdirSync(path.join(folder, 'work'))
  // It reads its file as a user without rights.
  chmodSync(folder, 0o755)
  const args = [
    '-F',
    '-a',
    `127.0.0.1:${port}`,
    '-f',
    file,
    '-n',
    path.join(folder, 'work'),
    '-s',
    'malloc,1g',
    '-T',
    'none',
  ]
  return startServer('/usr/sbin/varnishd', [...args, '-p', 'listen_depth=4096'], { port, folder })
}

/** A server that stays in the foreground, on the core for servers. Resolves when it answers. */
export async function startServer(
  program: string,
  args: readonly string[],
  { port, folder }: { port: number; folder: string },
): Promise<Contestant> {
  if (!existsSync(program)) throw new Error(`${program} is missing: apt-get install nginx-light varnish wrk`)
  const child: ChildProcess = spawn('taskset', ['--cpu-list', SERVER_CORE, program, ...args], {
    stdio: 'ignore',
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  await eventually(() =>
    fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    ),
  )
  weighLikeUs(child.pid ?? 0)
  const close = async (): Promise<void> => {
    child.kill('SIGTERM')
    await exited
    rmSync(folder, { recursive: true, force: true })
  }
  return { port, pids: [child.pid ?? 0], close }
}

/** A daemon begins a session of its own, which Linux may weigh apart from ours: another weight would be another processor. */
function weighLikeUs(pid: number): void {
  const own = '/proc/self/autogroup'
  if (!existsSync(own)) return
  const nice = /nice (-?\d+)/.exec(readFileSync(own, 'utf8'))?.[1] ?? '0'
  const children = spawnSync('pgrep', ['--parent', `${pid}`], { encoding: 'utf8' }).stdout.split('\n')
  for (const each of [`${pid}`, ...children.filter(Boolean)]) writeFileSync(`/proc/${each}/autogroup`, nice)
}
