/** Measures how long a parent's stripes brought nothing: from its last chunk to the first of whoever stepped in. */
import type { Clock } from '../clock.ts'
import type { ParentSwitch } from '../peer-options.ts'
import type { PeerId } from '../peer-id.ts'

type Begun = Omit<ParentSwitch, 'gapMs'> & { lastMediaAtMs: number }

export class SwitchWatch {
  readonly #clock: Clock
  readonly #onSwitch: (change: ParentSwitch) => void
  #begun: Begun | null = null

  constructor(clock: Clock, onSwitch: (change: ParentSwitch) => void) {
    this.#clock = clock
    this.#onSwitch = onSwitch
  }

  begin(change: Begun): void {
    this.#end(this.#clock.now())
    this.#begun = change
  }

  noteMedia(from: PeerId, nowMs: number): void {
    if (this.#begun && from !== this.#begun.from) this.#end(nowMs)
  }

  #end(nowMs: number): void {
    if (!this.#begun) return
    const { lastMediaAtMs, ...change } = this.#begun
    this.#begun = null
    const gapMs = lastMediaAtMs === -Infinity ? 0 : Math.max(0, nowMs - lastMediaAtMs)
    this.#onSwitch({ ...change, gapMs })
  }
}
