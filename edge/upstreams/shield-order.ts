/** In which order the shields are asked for a room: every edge has the same, so that a room meets in one of them. */
import { rendezvousRank } from '../../runtime/rendezvous.ts'

/** Rendezvous hashing: a shield that goes moves its own rooms only, each to the next in that room's order. */
export function orderShields(room: string, urls: readonly string[]): string[] {
  return urls
    .map((url) => ({ url, rank: rendezvousRank(room, url) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ url }) => url)
}
