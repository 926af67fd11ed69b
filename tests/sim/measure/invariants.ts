/** What must hold at every step, whatever happens. A breach ends the run with its seed. */
import type { PeerId } from '../../../cascade/peer-id.ts'
import type { PartSource } from '../../../cascade/peer-options.ts'
import type { Part } from '../../../media/part.ts'
import { numberOf, type SimStream } from '../world/stream.ts'

export class InvariantBreach extends Error {
  readonly atMs: number

  constructor(what: string, atMs: number) {
    super(`${what}, at ${(atMs / 1000).toFixed(3)} s`)
    this.name = 'InvariantBreach'
    this.atMs = atMs
  }
}

const KEPT_PARTS = 64

export class Invariants {
  readonly #stream: SimStream
  readonly #now: () => number
  /** By peer: the parts it has accepted, each as `number * 4 + track`. */
  readonly #accepted = new Map<PeerId, Set<number>>()
  checks = 0

  constructor(stream: SimStream, now: () => number) {
    this.#stream = stream
    this.#now = now
  }

  /** A peer's engine says that a part is here: it is what the origin published, and it says so once for each way. */
  part(peer: PeerId, part: Part, source: PartSource): void {
    this.checks += 1
    const number = numberOf(part)
    const { track } = part.header
    const origin = this.#stream.find(track, number)
    if (origin && Buffer.compare(origin.part.bytes, part.bytes) !== 0)
      this.fail(`${peer} accepted a part ${track} ${number} that the origin did not publish`)
    const accepted = this.#accepted.get(peer) ?? new Set()
    this.#accepted.set(peer, accepted)
    const key = number * 4 + (track === 'audio' ? 1 : 0) + (source === 'http' ? 2 : 0)
    if (accepted.has(key)) this.fail(`${peer} accepted part ${track} ${number} twice`)
    accepted.add(key)
    if (accepted.size <= KEPT_PARTS * 4) return
    const [oldest] = accepted
    if (oldest !== undefined) accepted.delete(oldest)
  }

  forget(peer: PeerId): void {
    this.#accepted.delete(peer)
  }

  holds(isTrue: boolean, what: () => string): void {
    this.checks += 1
    if (!isTrue) this.fail(what())
  }

  fail(what: string): never {
    throw new InvariantBreach(what, this.#now())
  }
}
