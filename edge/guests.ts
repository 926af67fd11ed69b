/** Answers without an end: whoever is given one may lose the right to it while it runs. */
import type { ServerResponse } from 'node:http'
import type { Pass } from './room-gate.ts'

/** The longest that a timer can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1

export class Guests {
  readonly #open = new Map<string, Set<ServerResponse>>()

  /** Rooms with guests who needed no token. */
  get rooms(): string[] {
    return [...this.#open.keys()]
  }

  /** Cut when the viewer's token runs out or, without one, when the room is closed. */
  add(room: string, res: ServerResponse, { expiresAtMs }: Pass): void {
    if (expiresAtMs !== null) {
      const timer = setTimeout(() => res.destroy(), Math.min(expiresAtMs - Date.now(), MAX_TIMER_MS))
      res.once('close', () => clearTimeout(timer))
      return
    }
    const guests = this.#open.get(room) ?? new Set()
    this.#open.set(room, guests.add(res))
    res.once('close', () => {
      guests.delete(res)
      if (guests.size === 0 && this.#open.get(room) === guests) this.#open.delete(room)
    })
  }

  /** The room takes a token now. */
  expel(room: string): void {
    for (const res of this.#open.get(room) ?? []) res.destroy()
  }
}
