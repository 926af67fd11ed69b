/** Who waits for which part of a track: bounded, abortable, and no listener outlives its wait. */
import type { PartId } from './part.ts'

/** How a wait on a track failed. `ended` never fails a wait: what waits gets the end instead. */
export type TrackClosedReason = 'closed' | 'crowded'

/** The wait will not be satisfied: the track was closed, or too many wait already. */
export class TrackClosed extends Error {
  readonly reason: TrackClosedReason

  constructor(reason: TrackClosedReason, message: string) {
    super(message)
    this.name = 'TrackClosed'
    this.reason = reason
  }
}

interface Waiter {
  id: PartId
  resolve: () => void
  reject: (cause: unknown) => void
}

export class PartWaiters {
  readonly #limit: number
  readonly #waiters = new Set<Waiter>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#waiters.size
  }

  /** Resolves at `release` of this part; rejects with the signal's reason, or `TrackClosed` when there are too many waiters. */
  wait(id: PartId, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (this.#waiters.size >= this.#limit)
      return Promise.reject(
        new TrackClosed('crowded', `${this.#waiters.size} waiters, at most ${this.#limit}`),
      )
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        this.#waiters.delete(waiter)
        signal?.removeEventListener('abort', onAbort)
        finish()
      }
      const onAbort = (): void => settle(() => reject(signal?.reason))
      const waiter: Waiter = {
        id,
        resolve: () => settle(resolve),
        reject: (cause) => settle(() => reject(cause)),
      }
      this.#waiters.add(waiter)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Lets go of those whose part `isReached`. */
  release(isReached: (id: PartId) => boolean): void {
    for (const waiter of [...this.#waiters]) if (isReached(waiter.id)) waiter.resolve()
  }

  rejectAll(cause: unknown): void {
    for (const waiter of [...this.#waiters]) waiter.reject(cause)
  }
}
