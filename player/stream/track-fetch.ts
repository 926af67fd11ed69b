/**
 * Brings what a local track lacks: its init segment, single parts, and whole segments cut into their parts. Whoever asks
 * for the same thing meanwhile shares the one request; what arrives lies in the track for everyone.
 */
import { concatBytes } from '../../media/bytes.ts'
import { PARTS_PER_SEGMENT, readPart, splitSegment } from '../../media/part.ts'
import type { Part } from '../../media/part.ts'
import type { Track } from '../../media/track.ts'
import { PlayerError } from '../player-error.ts'
import type { FetchOptions, MediaFetch } from './media-fetch.ts'

export interface TrackFetchOptions {
  track: Track
  /** the track's folder, absolute, with its slash */
  address: string
  http: MediaFetch
  /** told of every part that came */
  onPart?: ((part: Part) => void) | undefined
}

export class TrackFetch {
  readonly #track: Track
  readonly #address: string
  readonly #http: MediaFetch
  readonly #onPart: (part: Part) => void
  readonly #underWay = new Map<string, Promise<readonly Part[]>>()
  #init: Promise<Uint8Array> | null = null

  constructor(options: TrackFetchOptions) {
    this.#track = options.track
    this.#address = options.address
    this.#http = options.http
    this.#onPart = options.onPart ?? (() => undefined)
  }

  /** The init segment, fetched once. */
  async init(name: string): Promise<Uint8Array> {
    if (this.#track.init) return this.#track.init
    this.#init ??= this.#http.get(this.#address + name).then(({ bytes }) => (this.#track.init = bytes))
    try {
      return await this.#init
    } catch (cause) {
      this.#init = null
      throw cause
    }
  }

  /** One part's bytes. A part of a finished segment of which nothing is held comes with its whole segment. */
  async part(msn: number, part: number): Promise<Uint8Array> {
    const held = this.#track.find(msn, part)?.bytes
    if (held) return held
    const isWhole = this.#underWay.has(segmentName(msn)) || this.#isWorthWhole(msn)
    const parts = isWhole ? await this.#segment(msn) : await this.#single(msn, part)
    const found = parts.find(({ header }) => header.msn === msn && header.part === part)
    if (!found) throw new PlayerError('part_not_found', `${msn}.${part} is not in what came`)
    return found.bytes
  }

  /** One part by itself, whether the track knows of it or not: somebody waits for just this one. */
  async alone(msn: number, part: number): Promise<void> {
    if (this.#track.find(msn, part)?.bytes || this.#underWay.has(segmentName(msn))) return
    await this.#single(msn, part)
  }

  /** A finished segment's bytes. */
  async segment(msn: number): Promise<Uint8Array> {
    const held = this.#track.findSegment(msn)
    const last = held?.parts.at(-1)
    const isHeld =
      last?.header.lastOfSegment === true && held?.parts.every(({ bytes }) => bytes !== null) === true
    if (isHeld) return concatBytes(held.parts.flatMap(({ bytes }) => (bytes ? [bytes] : [])))
    return concatBytes((await this.#segment(msn)).map(({ bytes }) => bytes))
  }

  /**
   * Asks for a part by its number even when the track does not know of it yet: the server holds the request until it exists.
   * `lagMs`: how long before this answer its picture reached the origin; null where the answer has no date.
   */
  async follow(msn: number, part: number, options: FetchOptions): Promise<{ lagMs: number | null }> {
    const name = `${msn}.${part}.m4s`
    const { bytes, date } = await this.#http.get(this.#address + name, { ...options, isFollow: true })
    const found = parse(name, () => readPart(bytes))
    this.#keep(name, [found])
    return { lagMs: date && date.serverMs - found.header.captureTimeMs }
  }

  #isWorthWhole(msn: number): boolean {
    const segment = this.#track.findSegment(msn)
    if (!segment) return true
    const isOver = segment.done || (segment.parts.at(-1)?.header.lastOfSegment ?? false)
    const held = segment.parts.filter(({ bytes }) => bytes !== null).length
    return isOver && held < PARTS_PER_SEGMENT / 2
  }

  #segment(msn: number): Promise<readonly Part[]> {
    return this.#once(segmentName(msn), (bytes) => splitSegment(bytes))
  }

  #single(msn: number, part: number): Promise<readonly Part[]> {
    return this.#once(`${msn}.${part}.m4s`, (bytes) => [readPart(bytes)])
  }

  #once(name: string, read: (bytes: Uint8Array) => Part[]): Promise<readonly Part[]> {
    const running = this.#underWay.get(name)
    if (running) return running
    const request = this.#http
      .get(this.#address + name)
      .then(({ bytes }) =>
        this.#keep(
          name,
          parse(name, () => read(bytes)),
        ),
      )
      .finally(() => this.#underWay.delete(name))
    this.#underWay.set(name, request)
    return request
  }

  #keep(name: string, parts: readonly Part[]): readonly Part[] {
    for (const part of parts) {
      if (part.header.track !== this.#track.name)
        throw new PlayerError('answer_malformed', `${name} is of another track`)
      if (this.#track.note(part.header, part.bytes)) this.#onPart(part)
    }
    return parts
  }
}

function segmentName(msn: number): string {
  return `${msn}.m4s`
}

function parse<Result>(name: string, read: () => Result): Result {
  try {
    return read()
  } catch (cause) {
    throw new PlayerError('answer_malformed', `${name} is not what it should be`, { cause })
  }
}
