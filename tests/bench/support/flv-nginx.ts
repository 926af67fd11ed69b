/** nginx in front of an FLV, as people put it there: it keeps nothing, so every viewer is a request of its own to what stands behind. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { treeCpuSeconds, treeResidentMib } from '../../support/cpu.ts'
import { freePorts } from '../../support/free-ports.ts'
import { startServer } from './edge-contestants.ts'

/** What is measured of a server. */
export interface MeasuredServer {
  /** User and system time so far, in seconds. */
  cpuSeconds(): number
  residentMib(): number
  close(): Promise<void>
}

export async function startFlvNginx(originPort: number): Promise<{ server: MeasuredServer; port: number }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'headwater-bench-'))
  const [port = 0] = await freePorts(1)
  const file = path.join(folder, 'nginx.conf')
  writeFileSync(file, configOf(folder, port, originPort))
  const program = process.env['NGINX_PATH'] ?? '/usr/sbin/nginx'
  const args = ['-c', file, '-p', folder, '-e', path.join(folder, 'error.log')]
  const { pids, close } = await startServer(program, args, { port, folder })
  const over = (of: (pid: number) => number): number => pids.reduce((sum, pid) => sum + of(pid), 0)
  const server: MeasuredServer = {
    cpuSeconds: () => over(treeCpuSeconds),
    residentMib: () => over(treeResidentMib),
    close,
  }
  return { server, port }
}

/** Its buffers as they are by themselves: without them it would write more often. In no chunks, which viewers here do not read. */
function configOf(folder: string, port: number, originPort: number): string {
  return `
daemon off; worker_processes 1; pid ${folder}/nginx.pid; worker_rlimit_nofile 16384; user root;
events { worker_connections 8000; }
http {
  access_log off; tcp_nodelay on;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { return 200; }
    location ~ \\.flv$ {
      proxy_pass http://127.0.0.1:${originPort}; proxy_http_version 1.1; proxy_set_header Connection '';
      proxy_max_temp_file_size 0; chunked_transfer_encoding off;
    }
  }
}
`
}
