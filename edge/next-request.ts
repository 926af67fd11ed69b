/** What a viewer who follows a track asks behind this. Pure. */
import { PARTS_PER_SEGMENT, partIdOf, runningNumber } from '../media/part.ts'
import { trackOf } from './gaps/gaps.ts'
import { playlistPath, type ObjectRequest } from './media-path.ts'

/** The next part, or the playlist that has it; null for what is not followed part by part. */
export function nextRequest(request: ObjectRequest): ObjectRequest | null {
  if (request.kind !== 'part' && request.kind !== 'playlist') return null
  const { msn, part } = request
  if (msn === null || part === null || part >= PARTS_PER_SEGMENT) return null
  const next = partIdOf(runningNumber({ msn, part }) + 1)
  const folder = trackOf(request.path)
  if (request.kind === 'part') return { ...request, ...next, path: `${folder}/${next.msn}.${next.part}.m4s` }
  return { ...request, ...next, path: playlistPath(`${folder}/index.m3u8`, { ...next, skip: request.skip }) }
}
