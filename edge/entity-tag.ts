/** Strong entity tags: of media from what it is, of playlists from what stands in them. */

import { createHash } from 'node:crypto'
import type { Answer } from './answer.ts'
import type { ObjectRequest } from './media-path.ts'

/** Bytes of a playlist's hash. */
const HASH_BYTES = 12

/** A playlist is hashed once for all who are given the same answer. */
const hashes = new WeakMap<Answer, string>()

/** The tag of a successful answer, as it is or compressed. */
export function entityTagOf(request: ObjectRequest, answer: Answer, isPacked: boolean): string {
  if (request.kind !== 'playlist' && request.kind !== 'multivariant')
    return tagOfObject(request, answer.bytes)
  return `"${hashOf(answer)}${isPacked ? '-gz' : ''}"`
}

/**
 * Program, track and number name an object. Its length is in the tag for the one case in which its bytes may be others: a
 * program's very last part, made again where the origin was killed in the moment of its publication.
 */
export function tagOfObject(request: ObjectRequest, bytes: number): string {
  const name = request.path.slice(`/live/${request.room}/`.length)
  return `"${name.replaceAll('/', '-')}-${bytes.toString(36)}"`
}

function hashOf(answer: Answer): string {
  const known = hashes.get(answer)
  if (known !== undefined) return known
  const hash = createHash('sha256')
  for (const chunk of answer.chunks) hash.update(chunk)
  const made = hash.digest().subarray(0, HASH_BYTES).toString('base64url')
  hashes.set(answer, made)
  return made
}
