/** What of its upload a peer has left: said to parents and children with every heartbeat. */
import type { PeerLimits } from '../peer-options.ts'

const MAX_SPARE_KBPS = 65_535
/** The sent rate is measured over this. */
const RATE_WINDOW_MS = 1000

export class SpareUpload {
  readonly #limits: PeerLimits
  #sent = { atMs: 0, bytes: 0, kbps: 0 }

  constructor(limits: PeerLimits) {
    this.#limits = limits
  }

  /** `bytesSent`: since the beginning. */
  note(bytesSent: number, nowMs: number): void {
    const elapsedMs = nowMs - this.#sent.atMs
    if (elapsedMs < RATE_WINDOW_MS) return
    this.#sent = { atMs: nowMs, bytes: bytesSent, kbps: ((bytesSent - this.#sent.bytes) * 8) / elapsedMs }
  }

  /** kbit/s; 0 where no more children are let in. */
  kbps(children: number): number {
    const { uploadKbps, maxChildren } = this.#limits
    if (children >= maxChildren) return 0
    if (uploadKbps === null) return MAX_SPARE_KBPS
    return Math.max(0, Math.min(MAX_SPARE_KBPS, Math.round(uploadKbps - this.#sent.kbps)))
  }
}
