/** A publisher to try things with: a moving test picture with a clock and a tone, in a room of its own. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { replaceFile } from './runtime/data-dir.ts'
import { HeadwaterError } from './runtime/errors.ts'
import { runFfmpeg, type FfmpegProcess } from './runtime/ffmpeg.ts'
import type { Logger } from './runtime/logger.ts'

export interface DemoOptions {
  /** Where the server's pages and API are: `http://127.0.0.1:8080`. Asked when they are known. */
  httpUrl: () => string
  rtmpPort: () => number
  adminToken: string
  dataDir: string
  logger: Logger
}

const roomSchema = z.object({ room_id: z.string(), stream_key: z.string() })
type DemoRoom = z.infer<typeof roomSchema>

const KEPT_IN = 'demo-room.json'
/** Before the next try; doubled after each one that did not last. */
const RETRY_MS = 1000
const MAX_RETRY_MS = 60_000
const LASTED_MS = 10_000
const FONT = '/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf'

export class Demo {
  readonly name = 'demo'
  readonly #options: DemoOptions
  readonly #closing = new AbortController()
  #process: FfmpegProcess | null = null
  #loop: Promise<void> = Promise.resolve()

  constructor(options: DemoOptions) {
    this.#options = options
  }

  /** Resolves with the room's id once there is a room; publishing goes on until `close`. */
  async open(): Promise<string> {
    const room = (await this.#keptRoom()) ?? (await this.#createRoom())
    this.#loop = this.#publish(room)
    return room.room_id
  }

  /** Settles when publishing has ended. */
  get done(): Promise<void> {
    return this.#loop
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#process?.kill()
    await this.#loop
  }

  async #publish(room: DemoRoom): Promise<void> {
    const { rtmpPort, logger } = this.#options
    const complexFilter = `[0:v]${await clockFilter()}[v]`
    let pauseMs = RETRY_MS
    while (!this.#closing.signal.aborted) {
      const startedAtMs = performance.now()
      this.#process = runFfmpeg({
        input: 'testsrc2=size=1280x720:rate=30',
        inputOptions: ['-hide_banner', '-loglevel', 'error', '-re', '-f', 'lavfi'],
        moreInputs: [
          {
            input: 'sine=frequency=440:beep_factor=4:sample_rate=48000',
            inputOptions: ['-re', '-f', 'lavfi'],
          },
        ],
        complexFilter,
        outputs: [
          { target: `rtmp://127.0.0.1:${rtmpPort()}/live/${room.stream_key}`, options: OUTPUT_OPTIONS },
        ],
      })
      const { error } = await this.#process.exited
      if (this.#closing.signal.aborted) return
      if (performance.now() - startedAtMs > LASTED_MS) pauseMs = RETRY_MS
      const isKeyWrong = error?.includes('wrong stream key') ?? false
      const what = isKeyWrong
        ? `the demo's stream key was changed: remove ${this.#file()} and start again for a new demo room`
        : 'the demo was disconnected: trying again'
      logger.warn({ reason: error?.split('\n').at(-1), pauseMs }, what)
      await sleep(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => {})
      pauseMs = Math.min(MAX_RETRY_MS, pauseMs * 2)
    }
  }

  /** The room of the last time, if it still exists. */
  async #keptRoom(): Promise<DemoRoom | null> {
    const text = await readFile(this.#file(), 'utf8').catch(() => null)
    const parsed = roomSchema.safeParse(text === null ? null : parseJson(text))
    if (!parsed.success) return null
    const answer = await this.#ask(`/api/v1/live/${parsed.data.room_id}`)
    return answer.ok ? parsed.data : null
  }

  async #createRoom(): Promise<DemoRoom> {
    const answer = await this.#ask('/api/v1/live/create', {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.#options.adminToken}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ title: 'Demo' }),
    })
    if (!answer.ok) throw new Error(`the demo room could not be made: HTTP ${answer.status}`)
    const room = z.object({ data: roomSchema }).parse(await answer.json()).data
    await replaceFile(this.#file(), JSON.stringify(room))
    return room
  }

  /** Throws `upstream_unavailable`. */
  async #ask(address: string, request: RequestInit = {}): Promise<Response> {
    const url = this.#options.httpUrl()
    try {
      return await fetch(url + address, request)
    } catch (cause) {
      throw new HeadwaterError('upstream_unavailable', `no Headwater answers at ${url}: start it first`, {
        cause,
      })
    }
  }

  #file(): string {
    return path.join(this.#options.dataDir, KEPT_IN)
  }
}

const OUTPUT_OPTIONS = [
  ...[
    '-map',
    '[v]',
    '-map',
    '1:a',
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-tune',
    'zerolatency',
    '-pix_fmt',
    'yuv420p',
  ],
  ...[
    '-b:v',
    '2500k',
    '-maxrate',
    '2500k',
    '-bufsize',
    '2500k',
    '-g',
    '60',
    '-keyint_min',
    '60',
    '-sc_threshold',
    '0',
  ],
  ...['-c:a', 'aac', '-b:a', '128k', '-ar', '48000', '-ac', '2', '-f', 'flv'],
]

/** The time of day in large figures; without the font, the test picture's own counter has to do. */
async function clockFilter(): Promise<string> {
  const hasFont = await readFile(FONT).then(
    () => true,
    () => false,
  )
  const style = 'fontsize=96:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=24:x=(w-tw)/2:y=(h-th)/2'
  return hasFont ? `drawtext=fontfile=${FONT}:text='%{localtime\\:%T}':${style}` : 'null'
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
