/** What one attempt at playing a room holds open: opened together, closed together. */
import { startRendition } from '../decisions/choose-rendition.ts'
import { MODES, type LatencyMode } from '../decisions/latency-mode.ts'
import type { PlayerError } from '../player-error.ts'
import { BandwidthMeter, timeTransfers } from '../stream/bandwidth-meter.ts'
import { EdgeChoice } from '../stream/edge-choice.ts'
import { LocalStream } from '../stream/local-stream.ts'
import type { Master } from '../stream/master.ts'
import { MediaFetch } from '../stream/media-fetch.ts'
import { addServerDate, clockOffsetMs, NO_BOUNDS } from './server-clock.ts'

export interface StreamParts {
  stream: LocalStream
  http: MediaFetch
  meter: BandwidthMeter
  /** whom media is asked of; outlives the attempt */
  edges: EdgeChoice
  /** resolves when the stream cannot go on as it is */
  lost: Promise<PlayerError>
  /** the server's clock now, ms since 1970 */
  serverNowMs: () => number
  close: () => void
}

/** Begins to ask which edges a room's media is to be asked of. `baseUrl`: origin of the server, without a slash at the end. */
export function openEdges(baseUrl: string, roomId: string): EdgeChoice {
  const home = new URL(baseUrl, globalThis.location?.href).href.replace(/\/$/, '')
  const edges = new EdgeChoice({ home, roomId })
  edges.start()
  return edges
}

/** Nothing is fetched before it is asked for. */
export function openStream(edges: EdgeChoice, roomId: string): StreamParts {
  const meter = new BandwidthMeter()
  const http = new MediaFetch({ edges, onBytes: (bytes) => meter.count(bytes) })
  const address = `${edges.home}/live/${encodeURIComponent(roomId)}/master.m3u8`
  const folder = new URL('.', address).href
  const stopTiming = timeTransfers(() => edges.places.map((place) => edges.at(place, folder)), meter)
  let bounds = NO_BOUNDS
  let lose: (error: PlayerError) => void = () => undefined
  const lost = new Promise<PlayerError>((resolve) => (lose = resolve))
  const stream = new LocalStream({
    address,
    http,
    onLost: lose,
    onServerDate: (date) => (bounds = addServerDate(bounds, date)),
  })
  const close = (): void => {
    stopTiming()
    stream.close()
    http.close()
  }
  return { stream, http, meter, edges, lost, serverNowMs: () => Date.now() + clockOffsetMs(bounds), close }
}

export interface StreamStart {
  mode: LatencyMode
  /** the viewer's choice; null: automatically */
  rendition: string | null
  displayHeight: number | null
  /** the first media has been asked for */
  onAsked?: () => void
}

/** The rendition to begin with. */
export function firstRendition({ renditions }: Master, meter: BandwidthMeter, start: StreamStart): string {
  const { rendition, displayHeight } = start
  const isThere = renditions.some(({ name }) => name === rendition)
  return isThere && rendition !== null ? rendition : startRendition(renditions, meter.kbps, displayHeight)
}

/** Begins to fetch what a start in this mode will need. */
export async function primeStream({ stream, meter }: StreamParts, start: StreamStart): Promise<void> {
  const first = firstRendition(await stream.master(), meter, start)
  await stream.prime(first, MODES[start.mode].targetS, start.onAsked)
}
