/** Numbers in a typed array that doubles: a day of samples is some ten million of them. */

type Numbers = Uint32Array | Float64Array

export class GrowingNumbers {
  #numbers: Numbers
  #length = 0

  constructor(kind: new (length: number) => Numbers) {
    this.#numbers = new kind(1024)
  }

  get length(): number {
    return this.#length
  }

  at(index: number): number {
    return this.#numbers[index] ?? 0
  }

  set(index: number, value: number): void {
    this.#numbers[index] = value
  }

  push(...values: number[]): void {
    if (this.#length + values.length > this.#numbers.length) this.#grow()
    for (const value of values) this.#numbers[this.#length++] = value
  }

  /** As 32-bit big-endian fields. */
  bytes32(): Uint8Array {
    const bytes = new Uint8Array(this.#length * 4)
    const view = new DataView(bytes.buffer)
    for (let index = 0; index < this.#length; index++) view.setUint32(index * 4, this.at(index))
    return bytes
  }

  /** As 64-bit big-endian fields. */
  bytes64(): Uint8Array {
    const bytes = new Uint8Array(this.#length * 8)
    const view = new DataView(bytes.buffer)
    for (let index = 0; index < this.#length; index++) view.setBigUint64(index * 8, BigInt(this.at(index)))
    return bytes
  }

  #grow(): void {
    const kind = this.#numbers.constructor as new (length: number) => Numbers
    const grown = new kind(this.#numbers.length * 2)
    grown.set(this.#numbers)
    this.#numbers = grown
  }
}
