/** Collects the samples of one track and writes its tables (ISO/IEC 14496-12, 8.6.1, 8.6.2, 8.7), in few bytes a sample. Pure. */
import { encodeBox, encodeFullBox } from '../box.ts'
import { concatBytes, u32Bytes } from '../bytes.ts'
import type { FragmentFacts } from '../fragment.ts'
import { GrowingNumbers } from './growing-numbers.ts'
import { MOVIE_TIMESCALE } from './trak.ts'

export class SampleTable {
  readonly #timescale: number
  readonly #sizes = new GrowingNumbers(Uint32Array)
  /** Bytes from the start of the file. */
  readonly #chunkOffsets = new GrowingNumbers(Float64Array)
  readonly #chunkSamples = new GrowingNumbers(Uint32Array)
  readonly #syncSamples = new GrowingNumbers(Uint32Array)
  /** Runs of (count, delta). */
  readonly #deltas = new GrowingNumbers(Uint32Array)
  #firstTime: number | null = null
  #lastTime = 0
  #lastDuration = 0

  constructor(timescale: number) {
    this.#timescale = timescale
  }

  get samples(): number {
    return this.#sizes.length
  }

  /** Start of the first sample, in the track's units. */
  get firstTime(): number {
    return this.#firstTime ?? 0
  }

  /** From the first sample to the end of the last, in the track's units. */
  get duration(): number {
    return this.samples === 0 ? 0 : this.#lastTime + this.#lastDuration - this.firstTime
  }

  /** End of the last sample from the start of the movie, in movie units, rounded up: players cut at it. */
  get movieEnd(): number {
    return Math.ceil(((this.firstTime + this.duration) * MOVIE_TIMESCALE) / this.#timescale)
  }

  /** Samples of one fragment, whose `mdat` payload begins at `dataOffset` of the file. A gap before it lengthens the sample before. */
  add({ samples }: FragmentFacts, dataOffset: number): void {
    if (samples.length === 0) return
    this.#chunkOffsets.push(dataOffset)
    this.#chunkSamples.push(samples.length)
    for (const { time, duration, size, keyframe } of samples) {
      if (this.#firstTime === null) this.#firstTime = time
      else this.#addDelta(time - this.#lastTime)
      this.#lastTime = time
      this.#lastDuration = duration
      this.#sizes.push(size)
      if (keyframe) this.#syncSamples.push(this.samples)
    }
  }

  /** `stts` and the other tables behind `stsd`. Call once, at the end. */
  encode(): Uint8Array {
    this.#addDelta(this.#lastDuration)
    const isAllSync = this.#syncSamples.length === this.samples
    return concatBytes([
      encodeFullBox('stts', {}, u32Bytes(this.#deltas.length / 2), this.#deltas.bytes32()),
      ...(isAllSync
        ? []
        : [encodeFullBox('stss', {}, u32Bytes(this.#syncSamples.length), this.#syncSamples.bytes32())]),
      this.#encodeSampleToChunk(),
      encodeFullBox('stsz', {}, u32Bytes(0, this.samples), this.#sizes.bytes32()),
      encodeFullBox('co64', {}, u32Bytes(this.#chunkOffsets.length), this.#chunkOffsets.bytes64()),
    ])
  }

  /** `edts`: an empty edit up to the first sample, then the whole track (8.6.6). Null where there is nothing to say. */
  encodeEdits(): Uint8Array | null {
    const emptyEdit = Math.round((this.firstTime * MOVIE_TIMESCALE) / this.#timescale)
    if (emptyEdit === 0) return null
    const entries = u32Bytes(2, emptyEdit, 0xffffffff, 0x10000, this.movieEnd - emptyEdit, 0, 0x10000)
    return encodeBox('edts', encodeFullBox('elst', {}, entries))
  }

  #addDelta(delta: number): void {
    const last = this.#deltas.length - 1
    if (last >= 1 && this.#deltas.at(last) === delta)
      this.#deltas.set(last - 1, this.#deltas.at(last - 1) + 1)
    else this.#deltas.push(1, delta)
  }

  #encodeSampleToChunk(): Uint8Array {
    const runs = new GrowingNumbers(Uint32Array)
    let before = -1
    for (let chunk = 0; chunk < this.#chunkSamples.length; chunk++) {
      const samples = this.#chunkSamples.at(chunk)
      if (samples !== before) runs.push(chunk + 1, samples, 1) // first_chunk, samples_per_chunk, sample_description_index
      before = samples
    }
    return encodeFullBox('stsc', {}, u32Bytes(runs.length / 3), runs.bytes32())
  }
}
