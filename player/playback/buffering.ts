/** Whether the picture waits for media, as a viewer should hear of it: a short wait is over before it could be read. */

/** What a page has to be slow for before people notice that it waits. */
export const UNTOLD_MS = 300

export class Buffering {
  /** A session begins by waiting, and says so at once. */
  isTold = true
  readonly #onChange: () => void
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /** The picture has stopped for want of media. */
  wait(): void {
    this.#timer ??= setTimeout(() => this.#tell(true), UNTOLD_MS)
  }

  /** It goes on. */
  goOn(): void {
    this.close()
    if (this.isTold) this.#tell(false)
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #tell(isTold: boolean): void {
    this.#timer = null
    this.isTold = isTold
    this.#onChange()
  }
}
