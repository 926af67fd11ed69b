/** The playlist of a recording: byte ranges of its one file (RFC 8216bis, 4.4.4.2, 4.4.4.5). Pure. */
import { PARTS_PER_SECOND, PARTS_PER_SEGMENT } from '../part.ts'

export interface RecordedPart {
  k: number
  /** Bytes of the file, from its start. */
  start: number
  end: number
}

export interface RecordedSegment {
  /** Running number of the first part. */
  k: number
  parts: number
  start: number
  end: number
}

export interface RecordingPlaylist {
  uri: string
  init: { start: number; end: number }
  segments: readonly RecordedSegment[]
  /** False: more comes. */
  isComplete: boolean
}

const TARGET_DURATION_SECONDS = PARTS_PER_SEGMENT / PARTS_PER_SECOND

/** Parts in order as segments; where parts are missing the segment ends early. */
export function segmentsOf(parts: Iterable<RecordedPart>): RecordedSegment[] {
  const segments: RecordedSegment[] = []
  for (const { k, start, end } of parts) {
    const last = segments.at(-1)
    if (last && last.k + last.parts === k && k % PARTS_PER_SEGMENT !== 0) {
      last.parts++
      last.end = end
    } else segments.push({ k, parts: 1, start, end })
  }
  return segments
}

export function formatRecordingPlaylist(playlist: RecordingPlaylist): string {
  const { uri, init, segments, isComplete } = playlist
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${TARGET_DURATION_SECONDS}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    `#EXT-X-PLAYLIST-TYPE:${isComplete ? 'VOD' : 'EVENT'}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-MAP:URI="${uri}",BYTERANGE="${init.end - init.start}@${init.start}"`,
  ]
  segments.forEach((segment, index) => {
    const before = segments[index - 1]
    if (before && before.k + before.parts !== segment.k) lines.push('#EXT-X-DISCONTINUITY')
    lines.push(
      `#EXTINF:${(segment.parts / PARTS_PER_SECOND).toFixed(3)},`,
      `#EXT-X-BYTERANGE:${segment.end - segment.start}@${segment.start}`,
      uri,
    )
  })
  if (isComplete) lines.push('#EXT-X-ENDLIST')
  return `${lines.join('\n')}\n`
}
