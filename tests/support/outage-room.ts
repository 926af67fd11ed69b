/** A room on air whose publisher comes and goes, and its viewers in the real browser. */
import type { Browser } from 'playwright-core'
import { expect, type TestContext } from 'vitest'
import { publishClock } from './clock-picture.ts'
import { eventually } from './eventually.ts'
import type { HeadwaterProcess, MadeRoom } from './headwater-process.ts'
import { publishFlashes, type Publisher } from './publisher.ts'
import { openWatchPage, untilPlaying, untilReserve, type WatchOptions, type WatchPage } from './watch-page.ts'

export const SOON_MS = 60_000
/** Behind live by the whole of continuity mode's distance, and settled. */
export const FULL_RESERVE_MS = 8000
/** As different from the clock as a publisher can be. */
const OTHER = { size: '640x360', fps: '25', audioOptions: ['-c:a', 'aac', '-ar', '44100', '-ac', '1'] }

/** Of vitest's: what ends when the test does, passed or not. */
type Test = Pick<TestContext, 'onTestFinished'>

export class OutageRoom {
  readonly server: HeadwaterProcess
  readonly #browser: Browser
  readonly #settings: Record<string, unknown>
  #room: MadeRoom | null = null
  #clock: ReturnType<typeof publishClock> | null = null

  constructor(server: HeadwaterProcess, browser: Browser, settings: Record<string, unknown> = {}) {
    this.server = server
    this.#browser = browser
    // of itself the slate comes sooner after each outage
    this.#settings = { slate_after_ms: 4000, ...settings }
  }

  /** On air, and old enough that who joins has all of his reserve; as the test before left it, if that has passed. */
  async prepare(): Promise<void> {
    if (!this.#clock || (await this.server.room(this.#made.id)).state !== 'live') {
      await this.unpublish()
      this.#room = await this.server.createRoom('Outages')
      this.publish()
      await this.server.live(this.#made.id)
      await pause(FULL_RESERVE_MS + 4000)
    }
    await this.set(this.#settings)
  }

  publish(): void {
    const url = this.server.publishUrl(this.#made)
    this.#clock = publishClock({ url, width: 320, height: 180, fps: 25, bitrateKbps: 300 })
  }

  async unpublish(): Promise<void> {
    await this.#clock?.close()
    this.#clock = null
  }

  /** Over for good: nothing of it is encoded beside what comes after. */
  async close(): Promise<void> {
    await this.unpublish()
    if (this.#room) await this.server.api('POST', `/api/v1/live/${this.#room.id}/end`)
  }

  publishStandby({ onTestFinished }: Test): Publisher {
    const standby = publishFlashes({ url: this.server.publishUrl({ key: this.#made.backupKey }), ...OTHER })
    onTestFinished(() => standby.close())
    return standby
  }

  async set(settings: Record<string, unknown>): Promise<void> {
    const answer = await this.server.api('PATCH', `/api/v1/live/${this.#made.id}`, settings)
    expect(answer.status).toBe(200)
  }

  /** Resolves when the page plays and has its reserve. */
  async watch(
    { onTestFinished }: Test,
    { browser = this.#browser, ...options }: Partial<WatchOptions> & { browser?: Browser } = {},
  ): Promise<WatchPage> {
    const page = await openWatchPage(browser, { url: this.server.url, roomId: this.#made.id, ...options })
    onTestFinished(() => page.close())
    await untilPlaying(page, SOON_MS)
    await untilReserve(page, FULL_RESERVE_MS - 1500)
    return page
  }

  /** One of each engine: whatever happens happens to both. */
  watchBoth(test: Test): Promise<WatchPage[]> {
    return Promise.all([this.watch(test), this.watch(test, { engine: 'flv' })])
  }

  async until(wanted: Record<string, unknown>): Promise<void> {
    let seen: Record<string, unknown> = {}
    const isSo = async (): Promise<boolean> => {
      seen = await this.server.room(this.#made.id)
      return Object.entries(wanted).every(([name, value]) => seen[name] === value)
    }
    await eventually(isSo, SOON_MS).catch(() => {
      throw new Error(`${JSON.stringify(wanted)} did not come: ${JSON.stringify(seen)}`)
    })
  }

  async findSource(kind: string): Promise<{ active: boolean; healthy: boolean } | undefined> {
    const { sources } = (await this.server.room(this.#made.id)) as unknown as {
      sources: { kind: string; active: boolean; healthy: boolean }[]
    }
    return sources.find((source) => source.kind === kind)
  }

  get #made(): MadeRoom {
    if (!this.#room) throw new Error('the room is not prepared')
    return this.#room
  }
}

/** Watching takes time: what is looked at is that nothing happens in it. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
