/** Bytes that have arrived and do not make a whole tag, box or frame yet. Appending costs what is appended, however small the pieces. */

/** Small enough to keep for a stream that is idle, large enough for a chunk from a socket. */
const LEAST_MEMORY = 16 * 1024

export class PendingBytes {
  #memory: Uint8Array = new Uint8Array(0)
  #start = 0
  #end = 0

  get length(): number {
    return this.#end - this.#start
  }

  /** All of it, as a view on memory that is never written again. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(this.#start, this.#end)
  }

  /** Copies the chunk. What is allocated is in proportion to what has come, never to what a header promises. */
  append(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#memory.length) this.#move(chunk.length)
    this.#memory.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /** Lets go of the first bytes; views on them stay good. */
  drop(count: number): void {
    this.#start += count
  }

  /** Into new memory: whoever holds views keeps the old. Twice the need, so that each byte is moved a bounded number of times. */
  #move(more: number): void {
    const pending = this.bytes
    const doubled = pending.length > 0 ? 2 * pending.length : 0
    this.#memory = new Uint8Array(Math.max(LEAST_MEMORY, pending.length + more, doubled))
    this.#memory.set(pending)
    this.#start = 0
    this.#end = pending.length
  }
}
