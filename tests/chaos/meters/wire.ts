/** On the wire: follows a track as a strict client does, through everything, and keeps every playlist and part with its time. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { partIdOf, runningNumber, splitSegment, type Part } from '../../../media/part.ts'
import { checkPlaylists, type PlaylistObservation } from '../../../media/playlist/conformance.ts'
import { parseMediaPlaylist, type ParsedMediaPlaylist } from '../../../media/playlist/parse.ts'
import { breaksOf } from '../../support/shape-watch.ts'

export interface ArrivedPart {
  part: Part
  /** Wall clock. */
  atMs: number
}

const RETRY_MS = 100
const PIECE = 60
/** Of each kind of complaint; the rest are only counted. */
const MAX_TEXTS = 5000

export class WireRecorder {
  readonly name: string
  readonly parts: ArrivedPart[] = []
  /** Requests that failed: the server was gone, or said no. */
  readonly failures: { atMs: number; message: string }[] = []
  endedAtMs: number | null = null
  #init: Uint8Array | null = null
  #mapUri: string | null = null
  readonly #base: string
  readonly #observations: PlaylistObservation[] = []
  readonly #violations: string[] = []
  readonly #stopping = new AbortController()
  readonly #done: Promise<void>

  constructor(base: string, name: string) {
    this.name = name
    this.#base = `${base}/${name}`
    this.#done = this.#follow()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#done
  }

  /** What is wrong with playlists and parts; empty when nothing is. */
  async violations(): Promise<string[]> {
    const playlists: string[] = []
    // A piece at a time, each beginning with the last of the one before: other rooms are under test in this process meanwhile.
    for (let from = 0; from < this.#observations.length; from += PIECE) {
      const piece = this.#observations.slice(Math.max(0, from - 1), from + PIECE)
      playlists.push(...checkPlaylists(piece).map(({ rule, message }) => `${rule}: ${message}`))
      await nextTurn()
    }
    const breaks = breaksOf(this.parts.map(({ part }) => part))
    return [...this.#violations, ...playlists, ...breaks].map((each) => `${this.name}: ${each}`)
  }

  /** The track as one file. */
  bytes(): Buffer {
    return Buffer.concat([this.#init ?? new Uint8Array(), ...this.parts.map(({ part }) => part.bytes)])
  }

  get init(): Uint8Array | null {
    return this.#init
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping
    let next: PlaylistObservation['requested']
    while (!signal.aborted && this.endedAtMs === null) {
      try {
        const playlist = await this.#reload(next)
        await this.#collect(playlist)
        const newest = this.parts.at(-1)?.part.header
        next = newest ? partIdOf(runningNumber(newest) + 1) : undefined
        if (playlist.ended) this.endedAtMs = Date.now()
        else if (!next) await sleep(RETRY_MS, undefined, { signal })
      } catch (error) {
        if (signal.aborted) return
        this.failures.push({ atMs: Date.now(), message: String(error) })
        next = undefined
        await sleep(RETRY_MS)
      }
    }
  }

  async #reload(requested: PlaylistObservation['requested']): Promise<ParsedMediaPlaylist> {
    const query = requested ? `?_HLS_msn=${requested.msn}&_HLS_part=${requested.part}` : ''
    const text = (await this.#get(`index.m3u8${query}`)).toString('utf8')
    const observation = { atMs: performance.now(), text, ...(requested ? { requested } : {}) }
    if (this.#observations.length < MAX_TEXTS) this.#observations.push(observation)
    const playlist = parseMediaPlaylist(text)
    if (playlist.mapUri && playlist.mapUri !== this.#mapUri) {
      if (this.#mapUri) this.#violations.push(`its init segment changed to ${playlist.mapUri}`)
      this.#mapUri = playlist.mapUri
      this.#init = await this.#get(playlist.mapUri)
    }
    return playlist
  }

  async #collect(playlist: ParsedMediaPlaylist): Promise<void> {
    for (const segment of playlist.segments) {
      for (const [index, listed] of segment.parts.entries()) {
        const newest = this.parts.at(-1)?.part.header
        const id = { msn: segment.msn, part: index }
        if (listed.gap || (newest && runningNumber(id) <= runningNumber(newest))) continue
        const [part] = splitSegment(new Uint8Array(await this.#get(listed.uri)))
        if (part) this.parts.push({ part, atMs: Date.now() })
      }
    }
  }

  async #get(file: string): Promise<Buffer> {
    const answer = await fetch(`${this.#base}/${file}`, { signal: this.#stopping.signal })
    if (!answer.ok) throw new Error(`${answer.status} for ${file}`)
    return Buffer.from(await answer.arrayBuffer())
  }
}

/** The longest time between two parts that came, in wall time. */
export function longestWait(parts: readonly ArrivedPart[], fromMs: number, untilMs: number): number {
  const times = [fromMs, ...parts.map(({ atMs }) => atMs), untilMs]
    .filter((atMs) => atMs >= fromMs && atMs <= untilMs)
    .toSorted((a, b) => a - b)
  return Math.max(0, ...times.slice(1).map((atMs, index) => atMs - (times[index] ?? atMs)))
}
