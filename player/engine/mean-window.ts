/** The mean of what was measured during the last moments. */

export class MeanWindow {
  readonly #size: number
  #values: number[] = []

  constructor(size: number) {
    this.#size = size
  }

  add(value: number): number {
    this.#values.push(value)
    if (this.#values.length > this.#size) this.#values.shift()
    return this.mean
  }

  get isFull(): boolean {
    return this.#values.length === this.#size
  }

  get mean(): number {
    return this.#values.reduce((sum, value) => sum + value, 0) / Math.max(1, this.#values.length)
  }

  clear(): void {
    this.#values = []
  }
}
