/** What a viewer who follows a track asks behind this. Pure. */
import { PARTS_PER_SEGMENT, partIdOf, runningNumber } from '../media/part.ts'
import { parseMediaPath, type ObjectRequest } from './media-path.ts'

type Followed = Extract<ObjectRequest, { kind: 'part' | 'playlist' }>

/** The next part, or the playlist that has it; null for what is not followed part by part. */
export function nextRequest(request: ObjectRequest): Followed | null {
  if (request.kind !== 'part' && request.kind !== 'playlist') return null
  const { kind, room, program, track, msn, part } = request
  if (msn === null || part === null || part >= PARTS_PER_SEGMENT) return null
  const next = partIdOf(runningNumber({ msn, part }) + 1)
  const folder = `/live/${room}/${program}/${track}`
  if (kind === 'part') return followed(`${folder}/${next.msn}.${next.part}.m4s`)
  const skip = request.skip === null ? '' : `&_HLS_skip=${request.skip}`
  return followed(`${folder}/index.m3u8?_HLS_msn=${next.msn}&_HLS_part=${next.part}${skip}`)
}

function followed(target: string): Followed | null {
  const request = parseMediaPath(target)
  return request.kind === 'part' || request.kind === 'playlist' ? request : null
}
