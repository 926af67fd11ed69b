/** The `moov` that makes a recording a plain, seekable file: tables over the samples that its fragments hold. Pure. */
import { encodeBox, getBox, readBoxes } from '../box.ts'
import type { FragmentFacts } from '../fragment.ts'
import { MediaError } from '../media-error.ts'
import { SampleTable } from './sample-table.ts'
import { encodeMovieHeader, MOVIE_TIMESCALE, rewriteTrak, timescaleOf } from './trak.ts'

interface PlainTrack {
  trak: Uint8Array
  table: SampleTable
}

export class PlainMovie {
  readonly #tracks: PlainTrack[]

  /** `init` is the recording's own init segment. Throws `MediaError`. */
  constructor(init: Uint8Array) {
    const traks = readBoxes(getBox(init, 'moov').payload).filter(({ type }) => type === 'trak')
    this.#tracks = traks.map(({ payload }) => ({
      trak: payload,
      table: new SampleTable(timescaleOf(payload)),
    }))
  }

  /** One fragment, whose samples begin at `dataOffset` of the file. Throws `MediaError` for a track nobody knows. */
  add(facts: FragmentFacts, dataOffset: number): void {
    const track = this.#tracks[facts.trackId - 1]
    if (!track) throw new MediaError(`track ${facts.trackId} of ${this.#tracks.length}`)
    track.table.add(facts, dataOffset)
  }

  get durationMs(): number {
    return Math.round((this.#movieEnd() * 1000) / MOVIE_TIMESCALE)
  }

  /** Call once, at the end. */
  encode(): Uint8Array {
    const filled = this.#tracks.filter(({ table }) => table.samples > 0)
    const traks = filled.map(({ trak, table }, index) =>
      rewriteTrak(trak, {
        trackId: index + 1,
        movieDuration: table.movieEnd,
        mediaDuration: table.duration,
        edits: table.encodeEdits(),
        tables: table.encode(),
      }),
    )
    return encodeBox('moov', encodeMovieHeader(filled.length, this.#movieEnd()), ...traks)
  }

  #movieEnd(): number {
    return Math.max(0, ...this.#tracks.map(({ table }) => table.movieEnd))
  }
}
