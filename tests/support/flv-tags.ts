/** FLV tags by hand, for tests that need a stream's shape and no pictures. */

import { encodeScript } from '../../media/amf0.ts'
import type { FlvTag } from '../../media/flv-tag.ts'

export interface VideoTagOptions {
  keyframe?: boolean
  compositionMs?: number
  bytes?: number
}

export function videoTag(timestampMs: number, options: VideoTagOptions = {}): FlvTag {
  const { keyframe = false, compositionMs = 0, bytes = 100 } = options
  const data = new Uint8Array(5 + bytes)
  const composition = [compositionMs >> 16, compositionMs >> 8, compositionMs].map((byte) => byte & 0xff)
  data.set([keyframe ? 0x17 : 0x27, 1, ...composition])
  return { type: 'video', timestampMs, data }
}

/** AVCDecoderConfigurationRecord, as far as anyone reads it here; another `level` is another configuration. */
export function videoHeaderTag(timestampMs = 0, level = 0x1f): FlvTag {
  return { type: 'video', timestampMs, data: Uint8Array.of(0x17, 0, 0, 0, 0, 1, 0x4d, 0x40, level, 0xff) }
}

export function audioTag(timestampMs: number, bytes = 50): FlvTag {
  const data = new Uint8Array(2 + bytes)
  data.set([0xaf, 1])
  return { type: 'audio', timestampMs, data }
}

/** AudioSpecificConfig of AAC-LC: the first two bytes of it. */
export function audioHeaderTag(config: readonly [number, number] = [0x11, 0x90]): FlvTag {
  return { type: 'audio', timestampMs: 0, data: Uint8Array.of(0xaf, 0, ...config) }
}

export function metadataTag(values: Record<string, number | boolean | string>): FlvTag {
  return { type: 'script', timestampMs: 0, data: encodeScript('onMetaData', values) }
}
