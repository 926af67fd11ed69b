/** A publisher that comes back by itself when it loses its server, as OBS does. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Publisher } from './publisher.ts'

/** OBS waits 2 s for its second try; this one is quicker, so that what is measured is the server. */
const AGAIN_MS = 500

export class PersistentPublisher {
  readonly #start: () => Publisher
  readonly #closing = new AbortController()
  readonly #over: Promise<void>
  #running: Publisher | null = null

  constructor(start: () => Publisher) {
    this.#start = start
    this.#over = this.#run()
  }

  /** Drops the connection; it is made anew. */
  drop(): void {
    this.#running?.child.kill('SIGKILL')
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running?.close()
    await this.#over
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      this.#running = this.#start()
      await this.#running.exited
      await delay(AGAIN_MS, null, { signal }).catch(() => null)
    }
  }
}
