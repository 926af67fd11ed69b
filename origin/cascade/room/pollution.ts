/**
 * What a report of pollution is worth. Its META must be the origin's own, and the hash must not be the one in it. That a certain
 * parent sent those bytes is the reporter's word alone: so nobody is cut off before two say the same.
 */
import { parseSignedMeta, runningNumber, SIGNATURE_BYTES } from '../../../media/part.ts'
import { verifySigned } from '../../../media/signature.ts'
import type { CascadeClientMessage } from '../../../cascade/messages.ts'
import type { PeerId } from '../../../cascade/peer-id.ts'

export type PollutionReport = Extract<CascadeClientMessage, { type: 'cascade-polluted' }>

/** Reporters that are believed together. */
export const MIN_REPORTERS = 2
const MAX_SUSPECTS = 1000

/** Whether the report speaks of a part of this program, and of bytes that are not in it. Never throws. */
export function isSound(report: PollutionReport, program: string, publicKey: Uint8Array): boolean {
  const bytes = Buffer.from(report.meta, 'base64url')
  const signed = bytes.subarray(0, -SIGNATURE_BYTES)
  const signature = bytes.subarray(-SIGNATURE_BYTES)
  const hash = Buffer.from(report.hash, 'base64url')
  try {
    const { header, chunkHashes } = parseSignedMeta(signed)
    const isOfProgram = header.program === program && header.track === report.track
    const right = chunkHashes[report.chunk]
    if (!isOfProgram || runningNumber(header) !== report.number || right === undefined) return false
    return !hash.equals(right) && verifySigned({ signed, signature }, publicKey)
  } catch {
    return false
  }
}

/** Who was reported by whom. */
export class Suspects {
  readonly #reporters = new Map<PeerId, Set<PeerId>>()

  /** Notes a sound report; true from when enough have reported the same peer. */
  note(suspect: PeerId, reporter: PeerId): boolean {
    const reporters = this.#reporters.get(suspect) ?? new Set()
    this.#reporters.delete(suspect)
    this.#reporters.set(suspect, reporters)
    if (reporters.size < MIN_REPORTERS) reporters.add(reporter)
    const [oldest] = this.#reporters.keys()
    if (this.#reporters.size > MAX_SUSPECTS && oldest !== undefined) this.#reporters.delete(oldest)
    return reporters.size >= MIN_REPORTERS
  }
}
