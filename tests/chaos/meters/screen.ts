/** On the screen: the real watch page, and what a viewer sees of an outage. */
import type { Browser } from 'playwright-core'
import { openWatchPage, untilPlaying, type SeenStats, type WatchPage } from '../../support/watch-page.ts'
import { SCREEN_SCRIPT, type ScreenLog } from './screen-script.ts'

/** A longer time between two frames shown is a stall (the player's own measure is the same). */
export const STALL_GAP_MS = 250
/** The picture went on meanwhile, as media time shows: the page was late in telling, or the machine in drawing. */
const PLAYED_ON_TOLERANCE_MS = 120

/** With so much of a reserve a player waits for nothing. */
const RESERVE_MS = 1000

export interface Stall {
  atMs: number
  gapMs: number
  /** By how much the picture went on over the gap. */
  advancedMs: number
  /** Media time went on with the clock, or there was data all the time: the machine drew late. */
  isMachine: boolean
}

export interface ScreenOptions {
  url: string
  roomId: string
  mode: 'continuity' | 'low'
  engine?: 'hls' | 'flv'
}

export class Screen {
  readonly options: ScreenOptions
  readonly #opened: WatchPage
  #loads = 0
  #before: SeenStats | null = null

  private constructor(options: ScreenOptions, opened: WatchPage) {
    this.options = options
    this.#opened = opened
    opened.page.on('domcontentloaded', () => this.#loads++)
  }

  static async open(browser: Browser, options: ScreenOptions): Promise<Screen> {
    const opened = await openWatchPage(browser, {
      ...options,
      width: 480,
      height: 360,
      script: SCREEN_SCRIPT,
    })
    const screen = new Screen(options, opened)
    await untilPlaying(opened, 30_000)
    return screen
  }

  get name(): string {
    return this.options.engine === 'flv' ? `FLV, ${this.options.mode}` : this.options.mode
  }

  /** Loads of the page after the first. */
  get reloads(): number {
    return this.#loads
  }

  /** From here on what the player counts is counted. */
  async mark(): Promise<void> {
    this.#before = await this.#opened.stats()
  }

  stats(): Promise<SeenStats | null> {
    return this.#opened.stats()
  }

  /** The player's own count since `mark`. */
  async ownStalls(): Promise<{ stalls: number; stallMs: number }> {
    const now = await this.#opened.stats()
    return {
      stalls: (now?.stalls ?? 0) - (this.#before?.stalls ?? 0),
      stallMs: (now?.stallMs ?? 0) - (this.#before?.stallMs ?? 0),
    }
  }

  log(): Promise<ScreenLog> {
    return this.#opened.page.evaluate('window.chaosLog') as Promise<ScreenLog>
  }

  /** The newest frame shown; cheaper than the whole log. */
  lastFrame(): Promise<ScreenLog['frames'][number] | null> {
    return this.#opened.page.evaluate('window.chaosLog.frames.at(-1) ?? null') as Promise<
      ScreenLog['frames'][number] | null
    >
  }

  get errors(): readonly string[] {
    return this.#opened.errors
  }

  async close(): Promise<void> {
    await this.#opened.close()
  }
}

/** Gaps between frames shown, from then on; one that lasts at the end counts until then. */
export function stallsOf({ frames, health }: ScreenLog, fromMs: number, untilMs: number): Stall[] {
  const shown = frames.filter(([atMs]) => atMs >= fromMs && atMs <= untilMs).toSorted((a, b) => a[0] - b[0])
  const stalls: Stall[] = []
  shown.slice(1).forEach(([atMs, mediaSec, , , id], index) => {
    const [beforeMs, beforeSec, , , beforeId] = shown[index] ?? [atMs, mediaSec, 0, null, id]
    const gapMs = atMs - beforeMs
    if (gapMs <= STALL_GAP_MS) return
    const advancedMs = id === beforeId ? (mediaSec - beforeSec) * 1000 : 0
    const isPlayedOn = Math.abs(advancedMs - gapMs) < PLAYED_ON_TOLERANCE_MS + gapMs * 0.05
    const isMachine = isPlayedOn || hadData(health, beforeMs, atMs)
    stalls.push({ atMs: beforeMs, gapMs, advancedMs, isMachine })
  })
  const last = shown.at(-1)?.[0] ?? fromMs
  if (untilMs - last > STALL_GAP_MS)
    stalls.push({
      ...{ atMs: last, gapMs: untilMs - last, advancedMs: 0 },
      isMachine: hadData(health, last, untilMs),
    })
  return stalls
}

/** Data for a second and more, and the will to play, at every look, and at those before and after: a page that stands still looks at nothing. */
function hadData(health: ScreenLog['health'], fromMs: number, toMs: number): boolean {
  const before = health.findLast(([atMs]) => atMs < fromMs)
  const after = health.find(([atMs]) => atMs > toMs)
  const within = health.filter(([atMs]) => atMs >= fromMs && atMs <= toMs)
  const isSeen = within.length > 0 || (before !== undefined && after !== undefined)
  const looks = [before, ...within, after].filter((look) => look !== undefined)
  return isSeen && looks.every(([, reserveMs, isReady]) => isReady && reserveMs > RESERVE_MS)
}

/** What lay over the picture, as spans of wall time. */
export function overlaySpans(
  log: ScreenLog,
  untilMs: number,
): { fromMs: number; toMs: number; text: string }[] {
  return log.overlays.flatMap(([fromMs, text], index) =>
    text === '' ? [] : [{ fromMs, toMs: log.overlays[index + 1]?.[0] ?? untilMs, text }],
  )
}
