/** The FLV of a rung, written from the parts that every pipe carries: from the newest independent part on, part by part. */
import type { ServerResponse } from 'node:http'
import { flvHeaderTags, flvTagsOf, mergeTags } from '../../media/flv-writer.ts'
import { FLV_HEADER } from '../../media/flv-tag.ts'
import { partIdOf, runningNumber, SEGMENT_SECONDS } from '../../media/part.ts'
import type { Track } from '../../media/track.ts'
import { HeadwaterError } from '../../runtime/errors.ts'
import { AUDIO_TRACK } from '../packager/packager.ts'
import { FlvResponse } from '../program/feed.ts'
import type { Program } from '../program/program.ts'

/** Throws `rendition_not_found`. `audio` is the audio track alone. */
export function sendRenditionFlv(
  res: ServerResponse,
  program: Program,
  { rendition, behindMs }: { rendition: string; behindMs: number },
): void {
  const packaged = program.packager.find(rendition)
  const audio = program.packager.find(AUDIO_TRACK)?.track
  const head = packaged?.track.head
  if (!packaged || !audio || !head)
    throw new HeadwaterError('rendition_not_found', `there is no rendition ${rendition}`)
  const video = rendition === AUDIO_TRACK ? null : packaged.track
  const firstMsn = firstMsnBehind(packaged.track, head.msn, behindMs)
  let next = runningNumber({ msn: firstMsn, part: 0 })
  const first = packaged.track.find(firstMsn, 0)?.header
  const startMs = first ? Math.round((first.mediaTime * 1000) / first.timescale) : 0
  const header = Uint8Array.from(FLV_HEADER, (byte, index) => (index === 4 && !video ? 4 : byte))
  const feed = new FlvResponse(res, { program, header }, flvHeaderTags(video?.init ?? null, startMs))
  const send = (): void => {
    for (; isReady(next, video, audio); next++) {
      const tags = mergeTags(video ? tagsAt(video, next) : [], tagsAt(audio, next))
      for (const tag of tags) feed.write(tag)
    }
    if (audio.ended) feed.end()
  }
  feed.onClose(program.packager.onPublish(send))
  send()
}

/** The segment to begin with: as far back as asked, where there are parts. */
function firstMsnBehind(track: Track, headMsn: number, behindMs: number): number {
  let msn = Math.max(track.firstMsn ?? 0, headMsn - Math.ceil(behindMs / 1000 / SEGMENT_SECONDS))
  while (msn < headMsn && !track.find(msn, 0)) msn++
  return msn
}

function isReady(k: number, video: Track | null, audio: Track): boolean {
  const { msn, part } = partIdOf(k)
  return audio.find(msn, part) !== undefined && (video === null || video.find(msn, part) !== undefined)
}

function tagsAt(track: Track, k: number): ReturnType<typeof flvTagsOf> {
  const { msn, part } = partIdOf(k)
  const found = track.find(msn, part)
  return found?.bytes ? flvTagsOf({ header: found.header, bytes: found.bytes }) : []
}
