/** Cuts the byte stream of a fragmented MP4, as an encoder writes it, into its init segment and samples. */
import { concatBytes } from './bytes.ts'
import { parseFragment, type Sample } from './fragment.ts'
import { MediaError } from './media-error.ts'
import { PendingBytes } from './pending-bytes.ts'

export type FragmentEvent = { kind: 'init'; bytes: Uint8Array } | { kind: 'samples'; samples: Sample[] }

/** A keyframe of 4K at the highest rate is far below; a larger box is an error before anything is kept for it. */
const MAX_BOX_BYTES = 32 * 1024 * 1024

export class FragmentStream {
  readonly #pending = new PendingBytes()
  #ftyp: Uint8Array | null = null
  #moof: Uint8Array | null = null

  /** Throws `MediaError`; the stream is of no use after that. */
  push(chunk: Uint8Array): FragmentEvent[] {
    this.#pending.append(chunk)
    const pending = this.#pending.bytes
    const events: FragmentEvent[] = []
    let at = 0
    while (pending.length - at >= 8) {
      const view = new DataView(pending.buffer, pending.byteOffset + at, 8)
      const size = view.getUint32(0)
      if (size < 8 || size > MAX_BOX_BYTES)
        throw new MediaError(`box of ${size} bytes, 8 to ${MAX_BOX_BYTES}`)
      if (pending.length - at < size) break
      const type = String.fromCharCode(...pending.subarray(at + 4, at + 8))
      const event = this.#take(type, pending.subarray(at, at + size))
      if (event) events.push(event)
      at += size
    }
    this.#pending.drop(at)
    return events
  }

  #take(type: string, box: Uint8Array): FragmentEvent | undefined {
    if (type === 'ftyp') this.#ftyp = box.slice()
    else if (type === 'moof') this.#moof = box
    else if (type === 'moov') {
      if (!this.#ftyp) throw new MediaError('moov before ftyp')
      return { kind: 'init', bytes: concatBytes([this.#ftyp, box]) }
    } else if (type === 'mdat') {
      if (!this.#moof) throw new MediaError('mdat before moof')
      const samples = parseFragment(this.#moof, box.subarray(8))
      this.#moof = null
      return { kind: 'samples', samples }
    }
    return undefined // styp, sidx, free and others say nothing that is needed
  }
}
