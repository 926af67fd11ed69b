/** Virtual time: a binary heap of what is to happen. What falls on the same moment happens in the order it was asked for. */
import type { Clock } from '../../cascade/clock.ts'

interface Event {
  at: number
  sequence: number
  act: (() => void) | null
}

export class EventQueue implements Clock {
  private readonly heap: Event[] = []
  private time = 0
  private sequence = 0
  private done = 0

  now(): number {
    return this.time
  }

  /** Events that have happened. */
  get count(): number {
    return this.done
  }

  after(ms: number, act: () => void): () => void {
    const event: Event = { at: this.time + Math.max(0, ms), sequence: this.sequence++, act }
    this.push(event)
    // A stopped event stays in the heap as a husk until its time comes.
    return () => {
      event.act = null
    }
  }

  /** As `after`, for what is never stopped. */
  at(time: number, act: () => void): void {
    this.push({ at: Math.max(this.time, time), sequence: this.sequence++, act })
  }

  /** Lets everything up to `time` happen, and stands at `time` then. */
  runUntil(time: number): void {
    for (let next = this.heap[0]; next && next.at <= time; next = this.heap[0]) this.step()
    this.time = Math.max(this.time, time)
  }

  runFor(ms: number): void {
    this.runUntil(this.time + ms)
  }

  /** The next event; false when there is none. */
  step(): boolean {
    const event = this.pop()
    if (!event) return false
    this.time = event.at
    const { act } = event
    if (act) {
      event.act = null
      this.done += 1
      act()
    }
    return true
  }

  private push(event: Event): void {
    const { heap } = this
    let index = heap.push(event) - 1
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = heap[parentIndex]
      if (!parent || !isBefore(event, parent)) break
      heap[index] = parent
      index = parentIndex
    }
    heap[index] = event
  }

  private pop(): Event | undefined {
    const { heap } = this
    const first = heap[0]
    const last = heap.pop()
    if (first && last && last !== first) this.sink(last)
    return first
  }

  /** Puts an event in at the root. */
  private sink(event: Event): void {
    const { heap } = this
    let index = 0
    for (;;) {
      const left = heap[2 * index + 1]
      if (!left) break
      const right = heap[2 * index + 2]
      const isRight = right !== undefined && isBefore(right, left)
      const child = isRight ? right : left
      if (!isBefore(child, event)) break
      heap[index] = child
      index = 2 * index + (isRight ? 2 : 1)
    }
    heap[index] = event
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence)
}
