/** A viewer of FLV over HTTP that counts its connections and keeps the times of what it was sent. */
import { setTimeout as sleep } from 'node:timers/promises'
import { FlvParser, isSequenceHeader } from '../../../media/flv-stream.ts'

const RECONNECT_MS = 300

export class FlvMeter {
  connections = 0
  /** How often a connection ended that we had not closed. */
  ends: number[] = []
  /** Of video: wall clock and tag time. */
  readonly video: [number, number][] = []
  /** Tags that went back in time, within their kind. */
  backward = 0
  readonly #url: string
  readonly #stopping = new AbortController()
  readonly #done: Promise<void>
  readonly #lastMs = new Map<string, number>()

  constructor(url: string) {
    this.#url = url
    this.#done = this.#watch()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#done
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await this.#watchOnce(signal).catch(() => {})
      if (signal.aborted) return
      await sleep(RECONNECT_MS)
    }
  }

  async #watchOnce(signal: AbortSignal): Promise<void> {
    const answer = await fetch(this.#url, { signal })
    if (!answer.ok || !answer.body) return
    this.connections++
    const parser = new FlvParser()
    try {
      for await (const chunk of answer.body) for (const tag of parser.push(chunk)) this.#take(tag)
    } finally {
      if (!signal.aborted) this.ends.push(Date.now())
    }
  }

  #take(tag: { type: string; timestampMs: number; data: Uint8Array }): void {
    if (tag.type === 'script' || isSequenceHeader(tag as Parameters<typeof isSequenceHeader>[0])) return
    const before = this.#lastMs.get(tag.type) ?? -Infinity
    if (tag.timestampMs < before) this.backward++
    this.#lastMs.set(tag.type, tag.timestampMs)
    if (tag.type === 'video') this.video.push([Date.now(), tag.timestampMs])
  }
}
