/** Which stripes go over a link, part by part: a change takes effect at a part's boundary, the parts before it stay as they were. */

const MAX_ENTRIES = 4

export class Subscription {
  #entries: { from: number; stripes: number }[] = []

  /** From this part on. What was to begin later is forgotten. */
  change(from: number, stripes: number): void {
    this.#entries = this.#entries.filter((entry) => entry.from < from)
    this.#entries.push({ from, stripes })
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift()
  }

  stripesFor(number: number): number {
    for (let index = this.#entries.length - 1; index >= 0; index--) {
      const entry = this.#entries[index]
      if (entry && entry.from <= number) return entry.stripes
    }
    return 0
  }

  /** As of the last change. */
  get stripes(): number {
    return this.#entries.at(-1)?.stripes ?? 0
  }
}
