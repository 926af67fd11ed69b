/**
 * Which objects cannot be had: those that one upstream failed to give three times in a row while it gave others. An upstream that
 * is away, or fails in everything, makes no gaps.
 */
import type { ObjectKind, ObjectRequest } from '../media-path.ts'

export interface GapsOptions {
  /** Milliseconds. */
  now: () => number
  /** An object has become a gap, or is one for longer. */
  onGap: (request: ObjectRequest) => void
}

/** What one upstream made of an object. */
interface Row {
  failures: number
  /** How many answers the upstream had given at the last of them. */
  answers: number
  atMs: number
}

interface Entry {
  track: string
  rows: Map<string, Row>
  /** Refused at once until then; null before the first time. */
  gapUntilMs: number | null
}

const MAX_FAILURES = 3
/** After that one request may try again: one more failure is enough then. */
export const GAP_MS = 10_000
/** Failures further apart are not in a row. */
const FORGOTTEN_MS = 30_000
const MAX_OBJECTS = 4096

/** Playlists change with each request: one that fails has an older one in its place. */
const KINDS: readonly ObjectKind[] = ['part', 'segment', 'init']

export class Gaps {
  readonly #options: GapsOptions
  /** By address, the one that failed longest ago first. */
  readonly #entries = new Map<string, Entry>()
  /** Addresses that playlists name as gaps, by the folder of their track. What was listed once stays: players remember it, too. */
  readonly #listed = new Map<string, Set<string>>()
  /** How many answers each upstream has given. */
  readonly #answers = new Map<string, number>()

  constructor(options: GapsOptions) {
    this.#options = options
  }

  /** Objects that are refused, or were and have not been had since. */
  get size(): number {
    let sum = 0
    for (const paths of this.#listed.values()) sum += paths.size
    return sum
  }

  /** An upstream has answered something: it lives. */
  answered(upstream: string): void {
    this.#answers.set(upstream, (this.#answers.get(upstream) ?? 0) + 1)
  }

  /** An object has come whole, be it from whom it may. */
  got(request: ObjectRequest): void {
    this.#forget(request.path)
  }

  /** An upstream that can be reached did not give an object. */
  failed(upstream: string, request: ObjectRequest): void {
    if (!KINDS.includes(request.kind)) return
    const now = this.#options.now()
    const entry = this.#entries.get(request.path) ?? {
      track: trackOf(request.path),
      rows: new Map(),
      gapUntilMs: null,
    }
    const answers = this.#answers.get(upstream) ?? 0
    const row = entry.rows.get(upstream)
    const isInRow = row !== undefined && (entry.gapUntilMs !== null || now - row.atMs < FORGOTTEN_MS)
    // Nothing else came from it since either: it is the upstream that fails, not the object.
    if (isInRow && answers === row.answers) return
    const failures = isInRow ? row.failures + 1 : 1
    entry.rows.set(upstream, { failures, answers, atMs: now })
    this.#keep(request.path, entry)
    if (failures < MAX_FAILURES) return
    entry.gapUntilMs = now + GAP_MS
    this.#list(request.path, entry.track)
    this.#options.onGap(request)
  }

  /** Whether it is to be refused at once. */
  isGap(path: string): boolean {
    const until = this.#entries.get(path)?.gapUntilMs ?? null
    return until !== null && this.#options.now() < until
  }

  /** What a playlist in this folder has to name as gaps, as its URIs; null for nothing. */
  listedIn(track: string): ReadonlySet<string> | null {
    return this.#listed.get(track) ?? null
  }

  #list(path: string, track: string): void {
    const names = this.#listed.get(track) ?? new Set()
    this.#listed.set(track, names.add(nameOf(path)))
  }

  #keep(path: string, entry: Entry): void {
    this.#entries.delete(path)
    this.#entries.set(path, entry)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > MAX_OBJECTS && oldest !== undefined) this.#forget(oldest)
  }

  #forget(path: string): void {
    const entry = this.#entries.get(path)
    if (entry === undefined) return
    this.#entries.delete(path)
    const names = this.#listed.get(entry.track)
    if (names?.delete(nameOf(path)) === true && names.size === 0) this.#listed.delete(entry.track)
  }
}

/** The folder of an object or playlist: `/live/room-1/program01/720p`. */
export function trackOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
