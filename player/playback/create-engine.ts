/** Makes an engine of a kind; each library is loaded only when its engine is wanted. */
import type { EngineKind } from '../decisions/ability.ts'
import type { LatencyMode } from '../decisions/latency-mode.ts'
import type { Engine } from '../engine/engine.ts'
import type { StreamParts } from './stream-parts.ts'

export interface EngineOrder {
  video: HTMLVideoElement
  parts: StreamParts
  roomId: string
  mode: LatencyMode
  /** null: automatically */
  rendition: string | null
  /** height of the picture on screen in device pixels */
  displayHeight: () => number | null
}

export async function createEngine(kind: EngineKind, order: EngineOrder): Promise<Engine> {
  const { video, parts, mode, rendition, displayHeight } = order
  const room = new URL(`${parts.edges.home}/live/${encodeURIComponent(order.roomId)}/`)
  if (kind === 'native') return createNative(order, room)
  if (kind === 'flv') {
    const { FlvEngine } = await import('../engine/flv-engine.ts')
    const { http, meter, serverNowMs: nowMs } = parts
    return new FlvEngine({ video, mode, http, meter, nowMs, address: new URL('source.flv', room).href })
  }
  const { HlsEngine } = await loadHlsEngine()
  return new HlsEngine({ video, stream: parts.stream, meter: parts.meter, mode, rendition, displayHeight })
}

/** The browser asks by itself: it keeps to one edge, and another attempt asks the next. */
async function createNative({ video, parts: { edges } }: EngineOrder, room: URL): Promise<Engine> {
  const { NativeEngine } = await import('../engine/native-engine.ts')
  await edges.settled
  const place = edges.current
  const engine = new NativeEngine({ video, address: edges.at(place, new URL('master.m3u8', room).href) })
  void engine.closed.then(({ reason }) => {
    if (reason === 'failed') edges.fail(place)
  })
  return engine
}

/** Starts loading hls.js's part of the program; called early where it is sure to be needed. */
export function loadHlsEngine(): Promise<typeof import('../engine/hls-engine.ts')> {
  return import('../engine/hls-engine.ts')
}
