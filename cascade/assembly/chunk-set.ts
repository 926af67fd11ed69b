/** Which chunks of a part there are: a set of small numbers. */

export class ChunkSet {
  size = 0
  readonly #bits: Uint8Array

  /** `count`: how many chunks the part has. */
  constructor(count: number) {
    this.#bits = new Uint8Array((count + 7) >> 3)
  }

  has(chunk: number): boolean {
    return (((this.#bits[chunk >> 3] ?? 0) >> (chunk & 7)) & 1) === 1
  }

  /** False where it was in there. */
  add(chunk: number): boolean {
    if (this.has(chunk)) return false
    this.#bits[chunk >> 3] = (this.#bits[chunk >> 3] ?? 0) | (1 << (chunk & 7))
    this.size++
    return true
  }

  delete(chunk: number): void {
    if (!this.has(chunk)) return
    this.#bits[chunk >> 3] = (this.#bits[chunk >> 3] ?? 0) & ~(1 << (chunk & 7))
    this.size--
  }
}
