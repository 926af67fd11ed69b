/** What a root has sent: since it was last counted, since it was last reported, and how fast. */
import type { Peer } from '../../cascade/peer.ts'

export class RootMeter {
  kbps = 0
  readonly #peer: Pick<Peer, 'facts'>
  #countedBytes = 0
  #countedAtMs: number
  #reportedBytes = 0

  constructor(peer: Pick<Peer, 'facts'>, nowMs: number) {
    this.#peer = peer
    this.#countedAtMs = nowMs
  }

  /** Bytes since the last call. */
  count(nowMs: number): number {
    const { sent } = this.#peer.facts().bytes
    const newBytes = sent - this.#countedBytes
    const elapsedMs = nowMs - this.#countedAtMs
    if (elapsedMs > 0) this.kbps = (newBytes * 8) / elapsedMs
    this.#countedBytes = sent
    this.#countedAtMs = nowMs
    return newBytes
  }

  report(): { children: number; spare_kbps: number; sent_bytes: number } {
    const { children, spareKbps, bytes } = this.#peer.facts()
    const sentBytes = bytes.sent - this.#reportedBytes
    this.#reportedBytes = bytes.sent
    return { children: children.length, spare_kbps: spareKbps, sent_bytes: sentBytes }
  }
}
