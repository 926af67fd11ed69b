/** Makes an engine of a kind; each library is loaded only when its engine is wanted. */
import type { EngineKind } from '../decisions/ability.ts'
import type { LatencyMode } from '../decisions/latency-mode.ts'
import type { Engine } from '../engine/engine.ts'
import type { StreamParts } from './stream-parts.ts'

export interface EngineOrder {
  video: HTMLVideoElement
  parts: StreamParts
  /** origin of the server, without a slash at the end */
  baseUrl: string
  roomId: string
  mode: LatencyMode
  /** null: automatically */
  rendition: string | null
  /** height of the picture on screen in device pixels */
  displayHeight: () => number | null
}

export async function createEngine(kind: EngineKind, order: EngineOrder): Promise<Engine> {
  const { video, parts, mode, rendition, displayHeight } = order
  const room = new URL(
    `${order.baseUrl}/live/${encodeURIComponent(order.roomId)}/`,
    globalThis.location?.href,
  )
  if (kind === 'native') {
    const { NativeEngine } = await import('../engine/native-engine.ts')
    return new NativeEngine({ video, address: new URL('master.m3u8', room).href })
  }
  if (kind === 'flv') {
    const { FlvEngine } = await import('../engine/flv-engine.ts')
    const { http, meter, serverNowMs: nowMs } = parts
    return new FlvEngine({ video, mode, http, meter, nowMs, address: new URL('source.flv', room).href })
  }
  const { HlsEngine } = await loadHlsEngine()
  return new HlsEngine({ video, stream: parts.stream, meter: parts.meter, mode, rendition, displayHeight })
}

/** Starts loading hls.js's part of the program; called early where it is sure to be needed. */
export function loadHlsEngine(): Promise<typeof import('../engine/hls-engine.ts')> {
  return import('../engine/hls-engine.ts')
}
