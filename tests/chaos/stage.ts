/** One room with everything around it: a publisher behind a proxy, viewers on screens, and meters on the wire. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { counterDistance } from '../support/counting-picture.ts'
import { CounterSource, type SourceRun, type SourceShape } from '../support/counter-source.ts'
import { eventually } from '../support/eventually.ts'
import type { HeadwaterProcess, MadeRoom } from '../support/headwater-process.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { FlvMeter } from './meters/flv.ts'
import { Screen, type ScreenOptions } from './meters/screen.ts'
import { StateMeter } from './meters/states.ts'
import { WireRecorder } from './meters/wire.ts'

export interface StageOptions {
  server: HeadwaterProcess
  browser: Browser | null
  title: string
  screens?: Pick<ScreenOptions, 'mode' | 'engine'>[]
  /** So old is the program when the viewers come; 11 s give a full reserve. */
  warmMs?: number
  /** So long the viewers watch before anything happens. */
  settleMs?: number
}

export interface StageMark {
  atMs: number
  text: string
}

const WARM_MS = 11_500
const SETTLE_MS = 4000
const LIVE_AGAIN_LIMIT_MS = 20_000

export class Stage {
  readonly server: HeadwaterProcess
  readonly room: MadeRoom
  readonly proxy: TcpProxy
  readonly source: CounterSource
  program = ''
  video: WireRecorder | null = null
  audio: WireRecorder | null = null
  flv: FlvMeter | null = null
  states: StateMeter | null = null
  screens: Screen[] = []
  /** What was done, and when. */
  readonly marks: StageMark[] = []
  /** From here on it counts. */
  watchedFromMs = 0
  /** Up to here; null: until it is measured. */
  watchedUntilMs: number | null = null

  private constructor(server: HeadwaterProcess, room: MadeRoom, proxy: TcpProxy) {
    this.server = server
    this.room = room
    this.proxy = proxy
    this.source = new CounterSource(`rtmp://127.0.0.1:${proxy.port}/live/${room.key}`)
  }

  /** A room on air, watched, settled. */
  static async open(options: StageOptions): Promise<Stage> {
    const { server, browser, title, screens = [{ mode: 'continuity' }] } = options
    const room = await server.createRoom(title)
    const stage = new Stage(server, room, await TcpProxy.start(() => server.rtmpPort))
    try {
      stage.source.start()
      stage.program = await server.live(room.id)
      await stage.#measure()
      await sleep(browser ? (options.warmMs ?? WARM_MS) : 0)
      const open = screens.map((each) => ({ ...each, url: server.url, roomId: room.id }))
      if (browser) for (const each of open) stage.screens.push(await Screen.open(browser, each))
      await sleep(options.settleMs ?? SETTLE_MS)
      for (const screen of stage.screens) await screen.mark()
      stage.watchedFromMs = Date.now()
      return stage
    } catch (error) {
      await stage.close()
      throw error
    }
  }

  mark(text: string, atMs = Date.now()): void {
    this.marks.push({ atMs, text })
  }

  /** The publisher's process is killed, and started again after so long. */
  async outage(downMs: number, shape: Partial<SourceShape> = {}): Promise<void> {
    const atMs = await this.source.kill()
    this.mark('publisher killed', atMs)
    await sleep(downMs - (Date.now() - atMs))
    this.back(shape)
  }

  back(shape: Partial<SourceShape> = {}): void {
    this.source.start(shape)
    this.mark('publisher back')
  }

  /** Resolves when every screen shows frames of the newest run, for so long. */
  async untilSeen(forMs = 2500, limitMs = 45_000): Promise<void> {
    const run = this.source.runs.at(-1)
    if (!run) return
    const isSeen = async (screen: Screen): Promise<boolean> => {
      const counter = (await screen.lastFrame())?.[3] ?? null
      return isOfRun(run, counter)
    }
    const all = async (): Promise<boolean> => (await Promise.all(this.screens.map(isSeen))).every(Boolean)
    const endsAt = Date.now() + limitMs
    while (!(await all()) && Date.now() < endsAt) await sleep(200)
    await sleep(forMs)
  }

  /** Resolves when parts come again after the newest return. */
  async untilParts(limitMs = LIVE_AGAIN_LIMIT_MS): Promise<void> {
    const fromMs = Date.now()
    await eventually(() => (this.video?.parts.at(-1)?.atMs ?? 0) > fromMs, limitMs)
  }

  async close(): Promise<void> {
    await Promise.all(this.screens.map((screen) => screen.close().catch(() => {})))
    await Promise.all([this.video?.stop(), this.audio?.stop(), this.flv?.stop()])
    this.states?.stop()
    await this.source.close()
    await this.proxy.close()
    await this.server.api('DELETE', `/api/v1/live/${this.room.id}`).catch(() => {})
  }

  async #measure(): Promise<void> {
    const { url } = this.server
    const base = `${url}/live/${this.room.id}/${this.program}`
    const { renditions } = (await this.server.room(this.room.id)) as unknown as {
      renditions: { name: string }[]
    }
    const rung = renditions.map(({ name }) => name).find((name) => name !== 'audio')
    if (!rung) throw new Error('the program has no picture')
    this.video = new WireRecorder(base, rung)
    this.audio = new WireRecorder(base, 'audio')
    this.flv = new FlvMeter(`${url}/live/${this.room.id}/source.flv`)
    this.states = new StateMeter(url, this.room.id)
  }
}

/** Counters of another rate, or of the runs before, lie far off. */
const LONGEST_RUN_SECONDS = 3600

function isOfRun({ firstCounter, shape }: SourceRun, counter: number | null): boolean {
  if (counter === null) return false
  const place = counterDistance(firstCounter, counter)
  return place >= 0 && place < LONGEST_RUN_SECONDS * shape.fps
}
