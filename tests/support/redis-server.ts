/** A Redis of the test's own: a real redis-server on a free port, which keeps nothing. */
import { spawn, type ChildProcess } from 'node:child_process'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { eventually } from './eventually.ts'
import { freePorts } from './free-ports.ts'

const MISSING = 'redis-server is missing: apt-get install redis-server (or set REDIS_SERVER_PATH)'

export class RedisServer {
  readonly port: number
  #child: ChildProcess | null = null

  private constructor(port: number) {
    this.port = port
  }

  /** Throws where there is no redis-server, and says how to get it. */
  static async start(): Promise<RedisServer> {
    const [port = 0] = await freePorts(1)
    const server = new RedisServer(port)
    await server.restart()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Starts it, empty, on the same port as before. */
  async restart(): Promise<void> {
    const options = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    const program = process.env['REDIS_SERVER_PATH'] ?? 'redis-server'
    const child = spawn(program, [...options, '--dir', tmpdir()], { stdio: 'ignore' })
    const failed = new Promise<never>((_, reject) => child.once('error', () => reject(new Error(MISSING))))
    this.#child = child
    await Promise.race([failed, eventually(() => answers(this.port))])
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await exited
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
