/**
 * Sends media no faster than this end's line is said to be. All children are sent a part at the same moment: given to the line at
 * once, it would stand in the router's buffer and in front of every heartbeat, and what does not fit in there is lost.
 */
import type { Clock } from '../clock.ts'
import type { Child } from './child.ts'

export interface PacerOptions {
  clock: Clock
  /** Null for no limit of ours. */
  uploadKbps: () => number | null
  /** Puts it on the link. */
  transmit: (child: Child, message: Uint8Array) => void
}

interface Waiting {
  child: Child
  message: Uint8Array
}

/** Of the line: the rest is for heartbeats, requests, and what headers cost. */
const LINE_SHARE = 0.95
/** So much may go at once after a pause. */
const BURST_MS = 20
/** Timers of browsers are no finer. */
const LEAST_WAIT_MS = 4

export class Pacer {
  readonly #options: PacerOptions
  /** What was asked for goes before what is pushed: it is late already. */
  readonly #lines = { asked: new Line(), pushed: new Line() }
  #creditBytes = 0
  #creditAtMs = -Infinity
  #disarm: (() => void) | null = null

  constructor(options: PacerOptions) {
    this.#options = options
  }

  /** Each child's share of what waits is `child.pacedBytes`; callers bound it. */
  send(child: Child, message: Uint8Array, isAsked: boolean): void {
    const bytesPerMs = this.#bytesPerMs()
    if (bytesPerMs === null) return this.#options.transmit(child, message)
    this.#earn(bytesPerMs)
    if (this.#isIdle && this.#creditBytes > 0) return this.#pay(child, message)
    this.#lines[isAsked ? 'asked' : 'pushed'].push({ child, message })
    child.pacedBytes += message.length
    this.#arm(bytesPerMs)
  }

  /** What waits is forgotten. */
  close(): void {
    this.#disarm?.()
    this.#disarm = null
    for (const line of Object.values(this.#lines)) line.clear()
  }

  get #isIdle(): boolean {
    return this.#lines.asked.isEmpty && this.#lines.pushed.isEmpty
  }

  #bytesPerMs(): number | null {
    const kbps = this.#options.uploadKbps()
    return kbps === null ? null : Math.max(1, (kbps / 8) * LINE_SHARE)
  }

  #earn(bytesPerMs: number): void {
    const now = this.#options.clock.now()
    const earned = (now - this.#creditAtMs) * bytesPerMs
    this.#creditBytes = Math.min(BURST_MS * bytesPerMs, this.#creditBytes + earned)
    this.#creditAtMs = now
  }

  #pay(child: Child, message: Uint8Array): void {
    this.#creditBytes -= message.length
    this.#options.transmit(child, message)
  }

  #arm(bytesPerMs: number): void {
    if (this.#disarm) return
    const waitMs = Math.max(LEAST_WAIT_MS, -this.#creditBytes / bytesPerMs)
    this.#disarm = this.#options.clock.after(waitMs, () => this.#drain())
  }

  #drain(): void {
    this.#disarm = null
    const bytesPerMs = this.#bytesPerMs() ?? Infinity
    this.#earn(bytesPerMs)
    while (this.#creditBytes > 0) {
      const next = this.#lines.asked.shift() ?? this.#lines.pushed.shift()
      if (!next) return
      next.child.pacedBytes -= next.message.length
      if (next.child.isGranted) this.#pay(next.child, next.message)
    }
    if (!this.#isIdle) this.#arm(bytesPerMs)
  }
}

/** First in, first out; taking the first costs no more than taking the last. */
class Line {
  #items: Waiting[] = []
  #head = 0

  get isEmpty(): boolean {
    return this.#head >= this.#items.length
  }

  push(item: Waiting): void {
    this.#items.push(item)
  }

  shift(): Waiting | undefined {
    const item = this.#items[this.#head]
    if (item) this.#head++
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  clear(): void {
    this.#items = []
    this.#head = 0
  }
}
