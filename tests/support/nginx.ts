/** The nginx of `deploy/`, on ports of its own, in front of whatever a test puts behind it. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connect as connectTls } from 'node:tls'
import { eventually } from './eventually.ts'
import { freePorts } from './free-ports.ts'

const START = path.resolve(import.meta.dirname, '../../deploy/nginx/start.sh')
const NGINX = process.env['NGINX_PATH'] ?? '/usr/sbin/nginx'
const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so'

/** Why there is none to test; null where there is. */
export function whyNoNginx(): string | null {
  if (existsSync(NGINX) && (process.env['NGINX_PATH'] !== undefined || existsSync(STREAM_MODULE))) return null
  return 'nginx with its stream module is missing: apt-get install nginx-light libnginx-mod-stream (or set NGINX_PATH)'
}

export interface Behind {
  /** Ports on this machine. */
  edges: readonly number[]
  originHttp: number
  originRtmp: number
  /** Lines of nginx' geo. */
  regions?: string
}

export interface Fetched {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

export class Nginx {
  readonly ports: { http: number; https: number; rtmp: number; rtmps: number }
  readonly folder: string
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #output = ''

  private constructor(child: ChildProcess, folder: string, ports: Nginx['ports']) {
    this.#child = child
    this.folder = folder
    this.ports = ports
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => (this.#output = (this.#output + String(chunk)).slice(-20_000)))
    this.#exited = new Promise((resolve) => child.once('exit', resolve))
  }

  static async start(behind: Behind): Promise<Nginx> {
    const folder = await mkdtemp(path.join(tmpdir(), 'nginx-'))
    const [certFile, keyFile] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')]
    makeCertificate(certFile, keyFile)
    const regionsFile = path.join(folder, 'regions.conf')
    if (behind.regions !== undefined) await writeFile(regionsFile, behind.regions)
    const [http = 0, https = 0, rtmp = 0, rtmps = 0] = await freePorts(4)
    const env = {
      ...process.env,
      NGINX_PATH: NGINX,
      NGINX_USER: process.getuid?.() === 0 ? 'root' : (process.env['USER'] ?? 'nobody'),
      WORKERS: '1',
      RUN_DIR: path.join(folder, 'run'),
      CACHE_DIR: path.join(folder, 'cache'),
      CACHE_SIZE: '256m',
      ACCESS_LOG: path.join(folder, 'access.log'),
      TLS_CERT_FILE: certFile,
      TLS_KEY_FILE: keyFile,
      EDGES: behind.edges.map((port) => `127.0.0.1:${port}`).join(' '),
      ORIGIN_HTTP: `127.0.0.1:${behind.originHttp}`,
      ORIGIN_RTMP: `127.0.0.1:${behind.originRtmp}`,
      REGIONS_FILE: behind.regions === undefined ? '' : regionsFile,
      HTTP_PORT: `${http}`,
      HTTPS_PORT: `${https}`,
      RTMP_PORT: `${rtmp}`,
      RTMPS_PORT: `${rtmps}`,
    }
    const child = spawn(START, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const nginx = new Nginx(child, folder, { http, https, rtmp, rtmps })
    await eventually(() => nginx.#isUp()).catch(() => {
      throw new Error(`nginx did not start:\n${nginx.output}`)
    })
    return nginx
  }

  get url(): string {
    return `https://localhost:${this.ports.https}`
  }

  get output(): string {
    return this.#output
  }

  /** A connection of HTTP/2, from an address of this machine's own network. */
  open(from = '127.0.0.1'): ClientHttp2Session {
    return connect(this.url, {
      createConnection: () =>
        connectTls({
          socket: connectTcp({ host: '127.0.0.1', port: this.ports.https, localAddress: from }),
          servername: 'localhost',
          ALPNProtocols: ['h2'],
          rejectUnauthorized: false,
        }),
    })
  }

  /** One answer over HTTP/2. */
  async get(target: string, headers: IncomingHttpHeaders = {}, from = '127.0.0.1'): Promise<Fetched> {
    const session = this.open(from)
    try {
      return await ask(session, target, headers)
    } finally {
      session.destroy()
    }
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGTERM')
    await this.#exited
    await rm(this.folder, { recursive: true, force: true })
  }

  #isUp(): Promise<boolean> {
    if (this.#child.exitCode !== null) throw new Error('nginx has ended')
    return fetch(`http://127.0.0.1:${this.ports.http}/healthz`).then(
      (answer) => answer.ok,
      () => false,
    )
  }
}

export function ask(
  session: ClientHttp2Session,
  target: string,
  headers: IncomingHttpHeaders = {},
): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': target, ...headers })
    const chunks: Buffer[] = []
    let head: IncomingHttpHeaders = {}
    stream.on('response', (given) => (head = given))
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () =>
      resolve({ status: Number(head[':status']), headers: head, body: Buffer.concat(chunks) }),
    )
    stream.on('error', reject)
  })
}

function makeCertificate(certFile: string, keyFile: string): void {
  const kind = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost'
  execFileSync('openssl', ['req', ...kind.split(' '), '-keyout', keyFile, '-out', certFile], {
    stdio: 'ignore',
  })
}
