/** What a tag is to a relay that neither decodes nor trusts it. */

import { isKeyframe, isSequenceHeader } from '../../media/flv-stream.ts'
import type { FlvTag } from '../../media/flv-stream.ts'
import { MediaError } from '../../media/media-error.ts'

/** `metadata` and the two configs are what every joiner needs first; `keyframe` is where one may begin. */
export type TagKind = 'metadata' | 'video-config' | 'audio-config' | 'keyframe' | 'video' | 'audio' | 'script'

// AMF0: a string of ten characters.
const ON_METADATA = Buffer.from('\x02\x00\x0aonMetaData', 'latin1')

/** Null for a tag too short to be what it says. */
export function kindOf(tag: FlvTag): TagKind | null {
  if (tag.type === 'script') {
    return ON_METADATA.equals(tag.data.subarray(0, ON_METADATA.length)) ? 'metadata' : 'script'
  }
  try {
    if (isSequenceHeader(tag)) return `${tag.type}-config`
    return isKeyframe(tag) ? 'keyframe' : tag.type
  } catch (error) {
    if (error instanceof MediaError) return null
    throw error
  }
}
