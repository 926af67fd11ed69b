/** The watch page in the real browser, and what a test asks of it. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { CLOCK_READER } from './clock-picture.ts'
import { eventually } from './eventually.ts'

export interface WatchOptions {
  url: string
  roomId: string
  mode?: 'continuity' | 'low'
  engine?: 'hls' | 'flv' | 'native'
  width?: number
  height?: number
  /** What the viewer has set of the cascade; by default nothing. */
  sharing?: Record<string, unknown>
  /** Runs in the page before all else. */
  script?: string
}

/** The part of `window.headwater.stats()` that tests look at. */
export interface SeenStats {
  engine: string | null
  pipe: string
  mode: string
  state: string
  notice: string | null
  firstFrameMs: number | null
  latencyMs: number | null
  reserveMs: number
  stalls: number
  stallMs: number
  droppedFrames: number
  rendition: string | null
  peerId: string | null
  bytes: { cascade: number; http: number; sent: number }
  parents: { id: string; role: string; rttMs: number | null; loss: number; bytes: number }[]
  rejectedParts: number
}

export interface WatchPage {
  page: Page
  /** What the browser complained of. */
  errors: string[]
  stats(): Promise<SeenStats | null>
  /** Age in ms of the frame on the screen, by the clock in its picture. */
  pictureAge(): Promise<number | null>
  currentTime(): Promise<number>
  close(): Promise<void>
}

export async function openWatchPage(browser: Browser, options: WatchOptions): Promise<WatchPage> {
  const { url, roomId, mode = 'continuity', engine = null, width = 800, height = 600 } = options
  const context: BrowserContext = await browser.newContext({ viewport: { width, height } })
  await context.addInitScript(CLOCK_READER)
  if (options.script) await context.addInitScript(options.script)
  await context.addInitScript(
    (kept) => localStorage.setItem('headwater.preferences', kept),
    JSON.stringify({ mode, engine, sharing: options.sharing }),
  )
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`)
  })
  await page.goto(`${url}/watch/${roomId}`)
  return {
    page,
    errors,
    stats: () => page.evaluate(READ_STATS) as Promise<SeenStats | null>,
    pictureAge: () => page.evaluate(READ_AGE) as Promise<number | null>,
    currentTime: () => page.evaluate(READ_TIME) as Promise<number>,
    close: () => context.close(),
  }
}

/** Resolves when the page shows moving pictures. */
export async function untilPlaying(opened: WatchPage, limitMs = 60_000): Promise<void> {
  // Not by the page's own waiting: its content security policy forbids what that needs.
  await eventually(async () => {
    const stats = await opened.stats()
    return stats?.state === 'playing' && stats.firstFrameMs !== null
  }, limitMs)
}

/** Resolves when so much is loaded ahead of the playhead; else tells what the page had instead. */
export async function untilReserve(opened: WatchPage, reserveMs: number, limitMs = 60_000): Promise<void> {
  const isThere = async (): Promise<boolean> => ((await opened.stats())?.reserveMs ?? 0) > reserveMs
  await eventually(isThere, limitMs).catch(async (cause: unknown) => {
    const media = await opened.page.evaluate(READ_MEDIA)
    const seen = JSON.stringify({ stats: await opened.stats(), media, errors: opened.errors.slice(-5) })
    throw new Error(`no reserve of ${reserveMs} ms within ${limitMs} ms: ${seen}`, { cause })
  })
}

const VISIBLE_VIDEO =
  "[...document.querySelectorAll('video')].sort((a, b) => b.clientWidth - a.clientWidth || b.readyState - a.readyState)[0]"
const READ_STATS = 'window.headwater?.stats?.() ?? null'
const READ_AGE = `window.readClock(${VISIBLE_VIDEO})`
const READ_TIME = `${VISIBLE_VIDEO}?.currentTime ?? 0`
/** Of every video element: where it is, and what it has. */
const READ_MEDIA = `[...document.querySelectorAll('video')].map(({ currentTime, paused, readyState, playbackRate, buffered }) => ({
  currentTime, paused, readyState, playbackRate,
  buffered: Array.from({ length: buffered.length }, (_, at) => [buffered.start(at), buffered.end(at)]),
}))`
