/** When the edge had each part of a track: what is due at a viewer is due so long after that. */
import { partIdOf, PARTS_PER_SEGMENT } from '../../../media/part.ts'

const PAUSE_MS = 100

export class PartClock {
  /** ms since 1970, by running number */
  readonly availableAtMs = new Map<number, number>()
  readonly #address: string
  /** What is asked at the moment. */
  #asking = new AbortController()
  #isClosed = false
  readonly #run: Promise<void>

  /** `address`: of the track, without a slash at the end. */
  constructor(address: string) {
    this.#address = address
    this.#run = this.#follow()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#asking.abort()
    await this.#run
  }

  async #follow(): Promise<void> {
    let next: number | null = null
    while (!this.#isClosed) {
      try {
        next ??= (await this.#newest()) + 1
        const { msn, part } = partIdOf(next)
        // the edge lets this wait until the part is there
        const answer = await this.#ask(`${msn}.${part}.m4s`)
        await answer.arrayBuffer()
        if (answer.ok) {
          this.availableAtMs.set(next++, Date.now())
          continue
        }
        next = null
      } catch {
        // not to be reached, or closed
      }
      if (!this.#isClosed) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }

  async #newest(): Promise<number> {
    const answer = await this.#ask('index.m3u8')
    const last = [...(await answer.text()).matchAll(/#EXT-X-PART:.*URI="(\d+)\.(\d+)\.m4s"/g)].at(-1)
    return last ? Number(last[1]) * PARTS_PER_SEGMENT + Number(last[2]) : -1
  }

  /** One signal for each: what hangs on a signal is kept as long as it is. */
  #ask(file: string): Promise<Response> {
    this.#asking = new AbortController()
    return fetch(`${this.#address}/${file}`, { signal: this.#asking.signal })
  }
}
