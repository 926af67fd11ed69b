/** Whether an FLV that failed is there again, told by a connection of its own: what its viewers are sent meanwhile goes on. */
import { FlvParser } from '../../media/flv-stream.ts'
import type { FlvRequest } from '../media-path.ts'
import type { Upstream } from '../upstream.ts'
import { kindOf } from './tag-kind.ts'

/** A stream this near to what is sent instead of it is not left over from before. */
const BEHIND_MS = 3000
/** Anything live has said something within this. */
const WITHIN_MS = 5000
const MAX_TAG_BYTES = 8 * 1024 * 1024

/** Resolves with true once a keyframe came, and a tag of nearly the time that `newestMs` tells then. Never rejects. */
export async function isThereAgain(
  upstream: Upstream,
  request: FlvRequest,
  { newestMs, signal }: { newestMs: () => number; signal: AbortSignal },
): Promise<boolean> {
  const own = new AbortController()
  const timer = setTimeout(() => own.abort(), WITHIN_MS)
  try {
    const { status, body } = await upstream.ask(request, AbortSignal.any([signal, own.signal]))
    const parser = new FlvParser({ maxTagBytes: MAX_TAG_BYTES })
    let hasKeyframe = false
    for await (const chunk of body) {
      if (status !== 200) return false
      for (const tag of parser.push(chunk)) {
        const kind = kindOf(tag)
        hasKeyframe ||= kind === 'keyframe'
        const isMedia = kind === 'keyframe' || kind === 'video' || kind === 'audio'
        if (hasKeyframe && isMedia && ((newestMs() - tag.timestampMs) | 0) < BEHIND_MS) return true
      }
    }
    return false
  } catch {
    return false
  } finally {
    clearTimeout(timer)
    own.abort()
  }
}
