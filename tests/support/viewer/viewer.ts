/** A viewer on the watch page, in a tab and if need be a network of its own, with a meter on what its cascade gets. */
import type { Browser } from 'playwright-core'
import type { PlayerStats } from '../../../player/playback/stats.ts'
import { CASCADE_METER, parseReading, READ_METER, type MeterReading } from './cascade-meter.ts'
import { Tab } from './tab.ts'

export interface ViewerOptions {
  name: string
  /** of the server, as this viewer reaches it */
  url: string
  roomId: string
  mode?: 'continuity' | 'low'
  /** Beside `peers`, as the viewer's settings. */
  sharing?: Record<string, unknown>
  /** The pages' own sources of noise: none. */
  scripts?: readonly string[]
}

export type Stats = PlayerStats

export class Viewer {
  readonly name: string
  readonly mode: 'continuity' | 'low'
  #isHidden = false
  readonly tab: Tab

  private constructor({ name, mode = 'continuity' }: ViewerOptions, tab: Tab) {
    this.name = name
    this.mode = mode
    this.tab = tab
  }

  static async open(browser: Browser, options: ViewerOptions): Promise<Viewer> {
    const { url, roomId, mode = 'continuity', sharing = {}, scripts = [] } = options
    const kept = JSON.stringify({ mode, engine: null, sharing: { peers: true, ...sharing } })
    const keep = `localStorage.setItem('headwater.preferences', ${JSON.stringify(kept)})`
    const tab = await Tab.open(browser, {
      url: `${url}/watch/${roomId}`,
      scripts: [keep, CASCADE_METER, ...scripts],
    })
    return new Viewer(options, tab)
  }

  get isHidden(): boolean {
    return this.#isHidden
  }

  /** After its first frame: who has none does not join. */
  async hide(): Promise<void> {
    await this.tab.hide()
    this.#isHidden = true
  }

  async show(): Promise<void> {
    await this.tab.show()
    this.#isHidden = false
  }

  stats(): Promise<Stats | null> {
    return this.tab.evaluate<Stats | null>('window.headwater?.stats?.() ?? null')
  }

  async meter(): Promise<MeterReading> {
    return parseReading(await this.tab.evaluate<string>(READ_METER))
  }

  close(): Promise<void> {
    return this.tab.close()
  }
}
