/** The first bytes of a feed: enough to say what the source is, kept so that the encoder gets them too. */
import type { Readable } from 'node:stream'
import { FlvParser, isKeyframe, isSequenceHeader } from '../media/flv-stream.ts'

export interface FeedBeginning {
  bytes: Buffer
  /** Frames per second by the times of its tags; null for fewer than two. */
  measuredRate: number | null
}

/** A keyframe and this many frames are enough to measure a rate that nobody announced. */
const FRAMES_TO_MEASURE = 12
const MAX_BYTES = 16 * 1024 * 1024

/** Reads until there is a keyframe, and enough frames to measure where `isRateKnown` is false. Null when the feed ends before. */
export async function readBeginning(feed: Readable, isRateKnown: boolean): Promise<FeedBeginning | null> {
  const parser = new FlvParser()
  const chunks: Buffer[] = []
  const timesMs: number[] = []
  let size = 0
  let hasKeyframe = false
  for await (const chunk of withoutDestroying(feed)) {
    chunks.push(chunk)
    size += chunk.length
    for (const tag of parser.push(chunk)) {
      if (tag.type !== 'video' || isSequenceHeader(tag)) continue
      hasKeyframe ||= isKeyframe(tag)
      if (hasKeyframe) timesMs.push(tag.timestampMs)
    }
    const isEnough = hasKeyframe && (isRateKnown || timesMs.length >= FRAMES_TO_MEASURE)
    if (isEnough || size > MAX_BYTES) return { bytes: Buffer.concat(chunks), measuredRate: rateOf(timesMs) }
  }
  return null
}

/** Leaving a `for await` over a stream would destroy it. */
function withoutDestroying(feed: Readable): AsyncIterable<Buffer> {
  return feed.iterator({ destroyOnReturn: false })
}

function rateOf(timesMs: readonly number[]): number | null {
  const first = timesMs[0]
  const last = timesMs.at(-1)
  if (first === undefined || last === undefined || last <= first) return null
  return ((timesMs.length - 1) * 1000) / (last - first)
}
