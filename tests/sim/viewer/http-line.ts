/** The fourth line: parts from the edge over HTTP, which always answers. */
import type { Part } from '../../../media/part.ts'
import type { SimNode } from '../network/sim-node.ts'
import type { SimStream } from '../world/stream.ts'
import type { EventQueue } from '../event-queue.ts'

/** What a part was fetched for. */
export type Purpose = 'start' | 'live' | 'repair'

export interface HttpLineOptions {
  clock: EventQueue
  node: SimNode
  stream: SimStream
  rttMs: number
  onPart: (part: Part, purpose: Purpose) => void
  /** There is no such part yet, or no longer. */
  onMissing: (track: string, number: number) => void
}

export class HttpLine {
  readonly bytes: Record<Purpose, number> = { start: 0, live: 0, repair: 0 }
  readonly #options: HttpLineOptions

  constructor(options: HttpLineOptions) {
    this.#options = options
  }

  fetch(track: string, number: number, purpose: Purpose): void {
    const { clock, node, stream, rttMs } = this.#options
    clock.after(rttMs, () => {
      const found = stream.find(track, number)?.part
      if (!found) return node.whenRunning(() => this.#options.onMissing(track, number))
      const transferMs = node.downlink.take(clock.now(), found.bytes.length) ?? RETRY_MS
      clock.after(transferMs, () => node.whenRunning(() => this.#took(found, purpose)))
    })
  }

  #took(part: Part, purpose: Purpose): void {
    this.bytes[purpose] += part.bytes.length
    this.#options.onPart(part, purpose)
  }
}

/** TCP makes good what a full line drops, a little later. */
const RETRY_MS = 400
