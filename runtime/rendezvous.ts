/** Rendezvous hashing (Thaler and Ravishankar 1998): every process ranks the same members alike for a key, and one that goes moves its own keys only. */
import { createHash } from 'node:crypto'

/** Compared as text; which end comes first is the caller's to say. */
export function rendezvousRank(key: string, member: string): string {
  return createHash('sha1').update(`${key} ${member}`).digest('hex')
}
