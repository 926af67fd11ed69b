/** One viewer of a relay: a place in the shared ring and a socket. It holds no bytes of its own. */

import type { Socket } from 'node:net'
import type { FlvHeaders, GopRing, RingEntry } from './gop-ring.ts'

export interface FlvClientLimits {
  /** With more unsent than this (and than it began with) a viewer is moved to the next keyframe. */
  clientBufferBytes: number
  /** A viewer that cannot be moved for so long, because it reads nothing, is closed. */
  lagCloseMs: number
}

export interface FlvClientOptions {
  socket: Socket
  ring: GopRing
  behindMs: number
  limits: FlvClientLimits
  /** Ends the response; called by `close` and by nobody else. */
  end: () => void
  onSent: (bytes: number) => void
  onSkip: () => void
  onCut: () => void
}

/** `waiting` for a first keyframe, `reading` at its place, `skipping` to the next keyframe since it was too slow. */
type State =
  | { name: 'waiting' }
  | { name: 'reading'; next: number; allowedBytes: number; seenOffset: number }
  | { name: 'skipping'; after: number; sinceMs: number }

// One writev of this much at most; the rest follows when it has left.
const MAX_WRITE_BYTES = 256 * 1024
// Between two looks at a viewer no live stream grows by so much of its limit: 256 KiB in 80 ms are 26 Mbit/s.
const BURST_SHARE = 0.25

export class FlvClient {
  readonly #options: FlvClientOptions
  #state: State = { name: 'waiting' }
  #headers: FlvHeaders | null = null

  constructor(options: FlvClientOptions) {
    this.#options = options
  }

  /** Sends what there is and the socket takes. Called at every flush, when the socket has drained, and once a second. */
  pump(nowMs: number): void {
    const { socket } = this.#options
    if (socket.destroyed) return
    if (this.#state.name === 'reading') this.#checkLag(nowMs, this.#state)
    if (this.#state.name !== 'reading') this.#tryBegin(nowMs)
    while (this.#state.name === 'reading' && socket.writableLength === 0) {
      if (!this.#writeSome(this.#state)) return
    }
  }

  /** The stream has ended: what is in the ring is not waited for. */
  close(): void {
    this.#options.end()
  }

  #checkLag(nowMs: number, state: State & { name: 'reading' }): void {
    const { ring, socket, limits, onSkip } = this.#options
    const unsent = ring.bytesSince(state.next) + socket.writableLength
    const grown = ring.endOffset - state.seenOffset
    state.seenOffset = ring.endOffset
    // The stream came in a burst, as it does when the upstream is joined again: no fault of the viewer.
    if (grown > limits.clientBufferBytes * BURST_SHARE) state.allowedBytes += grown
    if (unsent <= limits.clientBufferBytes) state.allowedBytes = limits.clientBufferBytes
    const isGone = state.next < ring.end && ring.find(state.next) === undefined
    // With nothing in the socket the viewer has read all it was given.
    const isSlow = unsent > state.allowedBytes && socket.writableLength > 0
    if (!isSlow && !isGone) return
    this.#state = { name: 'skipping', after: state.next, sinceMs: nowMs }
    onSkip()
  }

  #tryBegin(nowMs: number): void {
    const { ring, socket, behindMs, limits, onCut } = this.#options
    if (this.#state.name === 'waiting') {
      this.#begin(ring.findJoin(behindMs))
    } else if (this.#state.name === 'skipping') {
      const keyframe = ring.findJoin(0)
      if (socket.writableLength === 0 && keyframe !== undefined && keyframe.sequence >= this.#state.after) {
        this.#begin(keyframe)
      } else if (nowMs - this.#state.sinceMs >= limits.lagCloseMs) {
        onCut()
        socket.destroy()
      }
    }
  }

  /** The first burst may be larger than the limit: it counts as lag only when it grows. */
  #begin(entry: RingEntry | undefined): void {
    if (entry === undefined) return
    const { ring, limits } = this.#options
    const allowedBytes = ring.bytesSince(entry.sequence) + limits.clientBufferBytes
    this.#state = { name: 'reading', next: entry.sequence, allowedBytes, seenOffset: ring.endOffset }
  }

  #writeSome(state: State & { name: 'reading' }): boolean {
    const { ring, socket, onSent } = this.#options
    const first = ring.find(state.next)
    if (first === undefined) return false
    const buffers = this.#headersBefore(first)
    let bytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0)
    for (let entry: RingEntry | undefined = first; entry !== undefined && bytes < MAX_WRITE_BYTES;) {
      buffers.push(entry.bytes)
      bytes += entry.bytes.length
      this.#headers = entry.headers
      state.next = entry.sequence + 1
      entry = ring.find(state.next)
    }
    if (buffers.length > 1) socket.cork()
    for (const buffer of buffers) socket.write(buffer)
    if (buffers.length > 1) socket.uncork()
    onSent(bytes)
    return true
  }

  /** In the middle of the stream a change of headers is a tag like any other; after a jump it must be made up for. */
  #headersBefore(entry: RingEntry): Buffer[] {
    if (this.#headers === null) return [entry.headers.file, entry.headers.tagsAt(entry.timestampMs)]
    const isJump = entry.startsGop && this.#headers !== entry.headers
    return isJump ? [entry.headers.tagsAt(entry.timestampMs)] : []
  }
}
