/** The whole of Headwater as its user runs it: one process of its own, on free ports, with a data directory of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { eventually } from './eventually.ts'
import { freePorts } from './free-ports.ts'

export interface HeadwaterOptions {
  args?: readonly string[]
  env?: Record<string, string>
  /** Kept after `close` when given. */
  dataDir?: string
}

export interface RestartOptions {
  signal?: NodeJS.Signals
  /** How long there is none. */
  awayMs?: number
}

export interface MadeRoom {
  id: string
  key: string
  /** Of a second publisher. */
  backupKey: string
  token: string
}

const createdSchema = z.object({
  data: z.object({
    room_id: z.string(),
    stream_key: z.string(),
    backup_stream_key: z.string(),
    publisher_token: z.string(),
  }),
})
const roomSchema = z.object({
  data: z.object({ state: z.string(), program_id: z.string().nullable() }).loose(),
})
const ROOT = path.resolve(import.meta.dirname, '../..')
const START_LIMIT_MS = 60_000
const LIVE_LIMIT_MS = 40_000

export class HeadwaterProcess {
  readonly url: string
  readonly rtmpPort: number
  /** What an edge asks. */
  readonly internalUrl: string
  readonly dataDir: string
  readonly #start: () => ChildProcess
  readonly #isOwnDataDir: boolean
  #child: ChildProcess
  #exited: Promise<number | null>
  #output = ''

  constructor(
    start: () => ChildProcess,
    ports: { http: number; rtmp: number; internal: number },
    dataDir: { path: string; isOwn: boolean },
  ) {
    this.#start = start
    this.url = `http://127.0.0.1:${ports.http}`
    this.rtmpPort = ports.rtmp
    this.internalUrl = `http://127.0.0.1:${ports.internal}`
    this.dataDir = dataDir.path
    this.#isOwnDataDir = dataDir.isOwn
    this.#child = start()
    this.#exited = this.#watch(this.#child)
  }

  static async start(options: HeadwaterOptions = {}): Promise<HeadwaterProcess> {
    const made = await HeadwaterProcess.spawn(options)
    await made.untilReady()
    return made
  }

  /** Begins one and waits for nothing: for what may not start. */
  static async spawn(options: HeadwaterOptions = {}): Promise<HeadwaterProcess> {
    const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'headwater-')))
    const [http, rtmp, internal] = await freePorts(3)
    const ports = { HTTP_PORT: `${http}`, RTMP_PORT: `${rtmp}`, INTERNAL_PORT: `${internal}` }
    const env = {
      ...process.env,
      NODE_ENV: 'test',
      LOG_LEVEL: 'info',
      DATA_DIR: dataDir,
      ...ports,
      ...options.env,
    }
    const start = (): ChildProcess =>
      spawn(process.execPath, [...entry(), ...(options.args ?? [])], {
        cwd: ROOT,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
    const taken = {
      http: Number(env.HTTP_PORT),
      rtmp: Number(env.RTMP_PORT),
      internal: Number(env.INTERNAL_PORT),
    }
    return new HeadwaterProcess(start, taken, { path: dataDir, isOwn: options.dataDir === undefined })
  }

  get child(): ChildProcess {
    return this.#child
  }

  get exited(): Promise<number | null> {
    return this.#exited
  }

  /** Ends the process, and begins another on the same ports and data directory; resolves when that is ready. */
  async restart({ signal = 'SIGKILL', awayMs = 0 }: RestartOptions = {}): Promise<void> {
    this.#child.kill(signal)
    await this.#exited
    await new Promise((resolve) => setTimeout(resolve, awayMs))
    this.#child = this.#start()
    this.#exited = this.#watch(this.#child)
    await this.untilReady()
  }

  async untilReady(): Promise<void> {
    const child = this.#child
    const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
    await eventually(async () => hasEnded() || (await this.isReady()), START_LIMIT_MS).catch(
      (cause: unknown) => {
        throw new Error(`headwater did not start:\n${this.output}`, { cause })
      },
    )
    if (hasEnded())
      throw new Error(`headwater ended with ${child.exitCode ?? child.signalCode}:\n${this.output}`)
  }

  /** Everything it has printed. */
  get output(): string {
    return this.#output
  }

  async isReady(): Promise<boolean> {
    return fetch(`${this.url}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    )
  }

  async adminToken(): Promise<string> {
    return (await readFile(path.join(this.dataDir, 'admin-token'), 'utf8')).trim()
  }

  async createRoom(title = 'Test'): Promise<MadeRoom> {
    const answer = await this.api('POST', '/api/v1/live/create', { title })
    const made = createdSchema.parse(await answer.json()).data
    const { room_id: id, stream_key: key, backup_stream_key: backupKey, publisher_token: token } = made
    return { id, key, backupKey, token }
  }

  async api(method: string, address: string, body?: unknown): Promise<Response> {
    const headers = { authorization: `Bearer ${await this.adminToken()}`, 'content-type': 'application/json' }
    return fetch(this.url + address, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }

  async room(id: string): Promise<z.infer<typeof roomSchema>['data']> {
    return roomSchema.parse(await (await this.api('GET', `/api/v1/live/${id}`)).json()).data
  }

  /** Resolves with the program's id once viewers can play. */
  async live(roomId: string): Promise<string> {
    let program: string | null = null
    await eventually(async () => {
      const room = await this.room(roomId)
      program = room.program_id
      return room.state === 'live'
    }, LIVE_LIMIT_MS).catch(() => {
      throw new Error(`the room did not go live:\n${this.output}`)
    })
    return program ?? ''
  }

  /** Where publishers with a room's key send to. */
  publishUrl({ key }: Pick<MadeRoom, 'key'>): string {
    return `rtmp://127.0.0.1:${this.rtmpPort}/live/${key}`
  }

  metric(name: string): Promise<number> {
    return fetch(`${this.url}/metrics`)
      .then((answer) => answer.text())
      .then((text) =>
        Number(
          text
            .split('\n')
            .find((line) => line.startsWith(`${name} `))
            ?.split(' ')
            .at(-1) ?? 0,
        ),
      )
  }

  async close(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal)
    await this.#exited
    if (this.#isOwnDataDir) await rm(this.dataDir, { recursive: true, force: true })
  }

  #watch(child: ChildProcess): Promise<number | null> {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => (this.#output += String(chunk)))
    return new Promise((resolve) => child.once('exit', (code) => resolve(code)))
  }
}

/** The built server where there is one that is told to be used, else the sources. */
function entry(): string[] {
  const built = path.join(ROOT, 'dist/headwater.js')
  if (process.env['HEADWATER_BUILT'] === '1' && existsSync(built)) return ['--enable-source-maps', built]
  return ['--import', 'tsx', path.join(ROOT, 'headwater.ts')]
}
