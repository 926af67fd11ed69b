/** In which order the shields are asked for a room: every edge has the same, so that a room meets in one of them. */
import { createHash } from 'node:crypto'

/** Rendezvous hashing: a shield that goes moves its own rooms only, each to the next in that room's order. */
export function orderShields(room: string, urls: readonly string[]): string[] {
  return urls
    .map((url) => ({ url, weight: createHash('sha1').update(`${room} ${url}`).digest('hex') }))
    .sort((a, b) => (a.weight < b.weight ? -1 : 1))
    .map(({ url }) => url)
}
