/** When the edge had each part of a track: what is due at a viewer is due so long after that. */
import { partIdOf, PARTS_PER_SEGMENT } from '../../../media/part.ts'

export class PartClock {
  /** ms since 1970, by running number */
  readonly availableAtMs = new Map<number, number>()
  readonly #address: string
  readonly #gone = new AbortController()
  readonly #run: Promise<void>

  /** `address`: of the track, without a slash at the end. */
  constructor(address: string) {
    this.#address = address
    this.#run = this.#follow()
  }

  async close(): Promise<void> {
    this.#gone.abort()
    await this.#run
  }

  async #follow(): Promise<void> {
    const { signal } = this.#gone
    let next = (await this.#newest()) + 1
    while (!signal.aborted) {
      const { msn, part } = partIdOf(next)
      try {
        // the edge lets this wait until the part is there
        const answer = await fetch(`${this.#address}/${msn}.${part}.m4s`, { signal })
        await answer.arrayBuffer()
        if (answer.ok) this.availableAtMs.set(next++, Date.now())
        else next = (await this.#newest()) + 1
      } catch {
        if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  }

  async #newest(): Promise<number> {
    const answer = await fetch(`${this.#address}/index.m3u8`, { signal: this.#gone.signal })
    const last = [...(await answer.text()).matchAll(/#EXT-X-PART:.*URI="(\d+)\.(\d+)\.m4s"/g)].at(-1)
    return last ? Number(last[1]) * PARTS_PER_SEGMENT + Number(last[2]) : -1
  }
}
