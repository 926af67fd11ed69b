/** The mean of what was measured during the last moments, however often that was. */

export class MeanWindow {
  readonly #spanMs: number
  #values: { value: number; atMs: number }[] = []

  constructor(spanMs: number) {
    this.#spanMs = spanMs
  }

  add(value: number, nowMs: number): number {
    this.#values = [...this.#values.filter(({ atMs }) => nowMs - atMs < this.#spanMs), { value, atMs: nowMs }]
    return this.#values.reduce((sum, each) => sum + each.value, 0) / this.#values.length
  }

  clear(): void {
    this.#values = []
  }
}
