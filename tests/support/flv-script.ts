/** FLV tags and streams for tests: real configs, frames that say which they are. */

import { encodeFlvTag, FLV_HEADER, FlvParser } from '../../media/flv-stream.ts'
import type { FlvTag } from '../../media/flv-stream.ts'

/** An AVC sequence header; `revision` makes another one. */
export function videoConfig(revision = 0): FlvTag {
  return { type: 'video', timestampMs: 0, data: Uint8Array.of(0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, revision) }
}

export function audioConfig(): FlvTag {
  return { type: 'audio', timestampMs: 0, data: Uint8Array.of(0xaf, 0, 0x11, 0x90) }
}

export function metadata(): FlvTag {
  const name = Buffer.from('\x02\x00\x0aonMetaData\x08\x00\x00\x00\x00\x00\x00\x09', 'latin1')
  return { type: 'script', timestampMs: 0, data: new Uint8Array(name) }
}

export function keyframe(timestampMs: number, bytes = 100): FlvTag {
  return video(0x17, timestampMs, bytes)
}

export function frame(timestampMs: number, bytes = 100): FlvTag {
  return video(0x27, timestampMs, bytes)
}

export function audioFrame(timestampMs: number, bytes = 20): FlvTag {
  const data = new Uint8Array(bytes)
  data.set([0xaf, 1])
  return { type: 'audio', timestampMs, data }
}

/** Video at 25 fps with a keyframe at every multiple of `gopMs`, and audio beside it, from one time to before another. */
export function media(
  fromMs: number,
  toMs: number,
  options: { gopMs?: number; bytes?: number } = {},
): FlvTag[] {
  const { gopMs = 1000, bytes = 100 } = options
  const tags: FlvTag[] = []
  for (let at = fromMs; at < toMs; at += 40) {
    tags.push(at % gopMs === 0 ? keyframe(at, bytes) : frame(at, bytes), audioFrame(at))
  }
  return tags
}

export function headers(revision = 0): FlvTag[] {
  return [metadata(), videoConfig(revision), audioConfig()]
}

export function encodeTags(tags: FlvTag[]): Buffer {
  return Buffer.concat(tags.map((tag) => encodeFlvTag(tag)))
}

/** The beginning of a stream as the origin sends it. */
export function encodeStream(tags: FlvTag[]): Buffer {
  return Buffer.concat([FLV_HEADER, encodeTags(tags)])
}

/** All tags of a stream read so far. */
export function decodeStream(bytes: Uint8Array): FlvTag[] {
  return new FlvParser().push(bytes)
}

/** `v1000`, `k1000`, `a1000`, `V`, `A`, `M`: what a tag is and when. */
export function label(tag: FlvTag): string {
  if (tag.type === 'script') return 'M'
  if (tag.data[1] === 0) return tag.type === 'video' ? 'V' : 'A'
  if (tag.type === 'audio') return `a${tag.timestampMs}`
  return `${tag.data[0] === 0x17 ? 'k' : 'v'}${tag.timestampMs}`
}

function video(first: number, timestampMs: number, bytes: number): FlvTag {
  const data = new Uint8Array(bytes)
  data.set([first, 1, 0, 0, 0])
  return { type: 'video', timestampMs, data }
}
