/** The last seconds of a stream as whole GOPs, in the buffers every viewer is sent. Bounded in time and in bytes. */

/** What a decoder needs before anything else. Replaced, never changed, so that identity tells whether a viewer has it. */
export interface FlvHeaders {
  /** File header without the configs: its flags say which tracks there are. */
  file: Buffer
  /** Metadata and sequence headers, for whoever begins at this time. */
  tagsAt: (timestampMs: number) => Buffer
}

export interface RingEntry {
  /** Counts entries from the start of the relay. */
  sequence: number
  bytes: Buffer
  /** Bytes of everything before. */
  offset: number
  /** Of its first tag. */
  timestampMs: number
  /** Decoding may begin here. */
  startsGop: boolean
  /** In effect for this entry. */
  headers: FlvHeaders
}

export interface GopRingOptions {
  /** At least so much is kept, in whole GOPs. */
  minMs: number
  /** Above this GOPs are given up, and then the oldest of the last one: nobody can begin in that any more. */
  maxBytes: number
}

export class GopRing {
  readonly #options: GopRingOptions
  readonly #entries: RingEntry[] = []
  #gops: RingEntry[] = []
  #nextSequence = 0
  #endOffset = 0
  #newestMs = 0

  constructor(options: GopRingOptions) {
    this.#options = options
  }

  /** The sequence the next entry will have. */
  get end(): number {
    return this.#nextSequence
  }

  /** Bytes of everything so far. */
  get endOffset(): number {
    return this.#endOffset
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#endOffset - (this.#entries[0]?.offset ?? this.#endOffset)
  }

  append(
    entry: Pick<RingEntry, 'bytes' | 'timestampMs' | 'startsGop' | 'headers'> & { lastMs: number },
  ): void {
    const { bytes, timestampMs, startsGop, headers, lastMs } = entry
    const kept = {
      sequence: this.#nextSequence++,
      bytes,
      offset: this.#endOffset,
      timestampMs,
      startsGop,
      headers,
    }
    this.#entries.push(kept)
    if (startsGop) this.#gops.push(kept)
    this.#endOffset += bytes.length
    this.#newestMs = lastMs
    this.#evict()
  }

  /** The entry of this sequence; undefined when it is not there yet or not there any more. */
  find(sequence: number): RingEntry | undefined {
    return this.#entries[sequence - (this.#entries[0]?.sequence ?? 0)]
  }

  /** Where to begin to be `behindMs` back: the newest GOP that old, or the oldest there is. */
  findJoin(behindMs: number): RingEntry | undefined {
    if (behindMs <= 0) return this.#gops.at(-1)
    return this.#gops.findLast((gop) => age(gop, this.#newestMs) >= behindMs) ?? this.#gops[0]
  }

  /** Bytes from this sequence to the newest. */
  bytesSince(sequence: number): number {
    if (sequence >= this.#nextSequence) return 0
    return this.#endOffset - (this.find(sequence)?.offset ?? this.#entries[0]?.offset ?? this.#endOffset)
  }

  #evict(): void {
    for (;;) {
      const [first, second] = this.#gops
      if (
        second !== undefined &&
        (age(second, this.#newestMs) >= this.#options.minMs || this.#isTooLarge())
      ) {
        this.#dropUntil(second.sequence)
      } else if (this.#isTooLarge() && this.#entries.length > 1) {
        this.#dropUntil((this.#entries[0]?.sequence ?? 0) + 1)
      } else if (first !== undefined && first !== this.#entries[0]) {
        // What came before the first keyframe is of no use to a joiner.
        this.#dropUntil(first.sequence)
      } else return
    }
  }

  #isTooLarge(): boolean {
    return this.bytes > this.#options.maxBytes
  }

  #dropUntil(sequence: number): void {
    this.#entries.splice(0, sequence - (this.#entries[0]?.sequence ?? 0))
    this.#gops = this.#gops.filter((gop) => gop.sequence >= sequence)
  }
}

function age(entry: RingEntry, nowMs: number): number {
  return (nowMs - entry.timestampMs) | 0
}
