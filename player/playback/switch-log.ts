/** Remembers changes of engine and rendition, with how much of them could be seen. */
import type { SwitchRecord } from './stats.ts'

export interface SwitchLogOptions {
  /** ms since 1970 */
  nowMs?: () => number
}

const MAX_RECORDS = 50
/** A change is judged by the frames until this long after it. */
const JUDGED_MS = 1500

export class SwitchLog {
  readonly #nowMs: () => number
  #records: SwitchRecord[] = []
  #open: { record: SwitchRecord; gapMs: () => number } | null = null
  #value: string | null = null

  constructor({ nowMs = () => Date.now() }: SwitchLogOptions = {}) {
    this.#nowMs = nowMs
  }

  /** To be told what plays, often; `gapMs` gives the largest gap between frames around now. */
  observe(value: string | null, gapMs: () => number): void {
    this.#judge()
    if (value === null || value === this.#value) return
    if (this.#value !== null) {
      const record = { at: this.#nowMs(), from: this.#value, to: value, gapMs: 0 }
      this.#records = [...this.#records, record].slice(-MAX_RECORDS)
      this.#open = { record, gapMs }
    }
    this.#value = value
  }

  list(): SwitchRecord[] {
    this.#judge()
    return this.#records.map((record) => ({ ...record }))
  }

  #judge(): void {
    if (!this.#open) return
    const { record, gapMs } = this.#open
    record.gapMs = Math.max(record.gapMs, gapMs())
    if (this.#nowMs() - record.at > JUDGED_MS) this.#open = null
  }
}
