/** Who feeds a program: keeps its publishers, changes from one to another, has the slate stand in, and knows when to give up. */
import { HeadwaterError } from '../../runtime/errors.ts'
import { FailBack } from './fail-back.ts'
import type { Notice, PublisherKind, SourceFacts, SourceKind, SourceStatus } from './live-rooms.ts'
import { SOURCE_KINDS } from './live-rooms.ts'
import { select, type SwitchReason } from './selection.ts'
import type { SourceFeedOptions } from './source-feed.ts'
import { Source, type SourceLimits } from './source.ts'
import type { Ailment } from './source-health.ts'
import { StandIn, type Departure, type StandInOptions } from './stand-in.ts'

/** One source after another. `lostMs`: how long nothing was fed between them. */
export interface Switch {
  from: SourceKind | null
  to: SourceKind
  reason: SwitchReason | 'slate'
  lostMs: number
}

export interface SwitchboardOptions extends StandInOptions {
  limits: SourceLimits
  convertAudio?: SourceFeedOptions['convertAudio'] | undefined
  onSwitch: (change: Switch) => void
  /** The slate has fed for so long, again. */
  onSlate: (ms: number) => void
  /** Nobody feeds any more. */
  onLost: (sinceMs: number) => void
  onWindowOver: () => void
  onRefused: (source: Source, reason: Notice) => void
}

/** How often `tick` is to be called. */
export const TICK_MS = 40
/** A tick later than this follows a pause of this process: what has queued up in sockets is read before anything is judged. */
const LATE_MS = 400
export class Switchboard {
  readonly #options: SwitchboardOptions
  readonly #sources = new Map<PublisherKind, Source>()
  readonly #failBack = new FailBack()
  readonly #standIn: StandIn
  #feeding: Source | null = null
  #forced: PublisherKind | null = null
  #hasFed = false
  #fedAtMs: number
  #tickedAtMs: number

  constructor(options: SwitchboardOptions) {
    this.#options = options
    this.#standIn = new StandIn(options)
    this.#fedAtMs = this.#tickedAtMs = options.now()
  }

  /** The publisher that feeds, or else the best one that is there. */
  get publisher(): Source | null {
    return this.#feeding ?? this.#ranked()[0] ?? null
  }

  get isFed(): boolean {
    return this.#feeding !== null
  }

  /** When nobody may come back any more; null while somebody feeds. */
  get windowEndsAtMs(): number | null {
    return this.#standIn.endsAtMs
  }

  statuses(): SourceStatus[] {
    const publishers = this.#ranked().map((source): SourceStatus => {
      return { kind: source.kind, active: source === this.#feeding, healthy: source.health.ailment === null }
    })
    return this.#standIn.isFeeding
      ? [...publishers, { kind: 'slate', active: true, healthy: true }]
      : publishers
  }

  facts(): SourceFacts | null {
    return this.publisher?.facts() ?? null
  }

  /** A publisher comes; one of the same kind before it is let go. It feeds as soon as it is its turn. */
  connect(kind: PublisherKind): Source {
    const before = this.#sources.get(kind)
    if (before) this.disconnect(before, 'gone')
    const { limits } = this.#options
    const source = new Source({
      ...this.#options,
      kind,
      heard: (each) => this.#heard(each),
      refused: (each, reason) => this.#options.onRefused(each, reason),
    })
    this.#sources.set(kind, source)
    this.#standIn.wait(limits.firstKeyframeTimeoutMs)
    return source
  }

  disconnect(source: Source, departure: Departure): void {
    if (this.#sources.get(source.kind) !== source) return source.close()
    this.#sources.delete(source.kind)
    if (this.#forced === source.kind) this.#forced = null
    if (source === this.#feeding) this.#lose(departure)
    else if (departure === 'unpublished' && this.#sources.size === 0) this.#standIn.hurry()
    source.close()
  }

  /** Has a connected publisher feed until it is lost. Throws `source_not_live`. */
  takeover(kind: PublisherKind): void {
    if (!this.#sources.has(kind))
      throw new HeadwaterError('source_not_live', `no ${kind} publisher is connected`)
    this.#forced = kind
    this.#consider()
  }

  /** After a restart: the publisher was lost with the process before. */
  resume(sinceMs: number, endsAtMs: number): void {
    this.#fedAtMs = sinceMs
    this.#standIn.begin(sinceMs, 'gone', endsAtMs)
  }

  /** Judges publishers, starts and moves the slate, ends the window. */
  tick(): void {
    const nowMs = this.#options.now()
    const elapsedMs = nowMs - this.#tickedAtMs
    this.#tickedAtMs = nowMs
    for (const { health } of this.#sources.values()) health.pass(Math.min(elapsedMs, 2 * TICK_MS))
    if (this.#standIn.isFeeding) {
      this.#standIn.tick()
      this.#fedAtMs = nowMs
      this.#options.onSlate(elapsedMs)
    }
    if (elapsedMs > LATE_MS) return
    const health = this.#feeding?.health
    if (health?.ailment) {
      this.#fedAtMs = Math.min(this.#fedAtMs, nowMs - health.stillForMs)
      this.#lose(health.ailment)
    }
    this.#consider()
    const verdict = this.#standIn.judge()
    if (verdict === 'over') this.#options.onWindowOver()
    else if (verdict === 'slate') this.#changed({ from: null, to: 'slate', reason: 'slate' })
  }

  /** Nothing is fed any more, and nobody is told. */
  close(): void {
    for (const source of this.#sources.values()) source.close()
    this.#sources.clear()
    this.#feeding = null
    this.#standIn.end()
  }

  #heard(source: Source): void {
    if (source === this.#feeding) this.#fedAtMs = this.#options.now()
    else if (this.#sources.get(source.kind) === source) this.#consider()
  }

  #lose(why: Departure | Ailment): void {
    const source = this.#feeding
    if (!source) return
    const { now, logger, onLost } = this.#options
    source.leave()
    this.#failBack.lost(source.kind, now())
    if (this.#forced === source.kind) this.#forced = null
    logger.info({ source: source.kind, reason: why }, 'source lost')
    if (this.#consider()) return
    this.#feeding = null
    this.#standIn.begin(this.#fedAtMs, why === 'unpublished' ? why : 'gone')
    onLost(this.#fedAtMs)
  }

  /** Changes over if it is time to. */
  #consider(): boolean {
    const mayBeAudioOnly = !this.#options.hasVideo()
    const choice = select({
      contenders: [...this.#sources.values()].map((source) => source.contender(mayBeAudioOnly)),
      feeding: this.#feeding?.kind ?? null,
      forced: this.#forced,
      failBackAfterMs: this.#failBack.afterMs,
    })
    const source = choice && this.#sources.get(choice.kind)
    if (!source || !source.join()) return false
    if (this.#feeding !== source) this.#feeding?.leave()
    const from = this.#feeding?.kind ?? (this.#standIn.isFeeding ? 'slate' : null)
    this.#feeding = source
    this.#standIn.end()
    this.#failBack.fed(source.kind, this.#options.now())
    this.#changed({ from, to: source.kind, reason: choice.reason })
    return true
  }

  #changed(change: Omit<Switch, 'lostMs'>): void {
    const { now, logger, onSwitch } = this.#options
    const lostMs = change.from === null && change.to !== 'slate' && !this.#hasFed ? 0 : now() - this.#fedAtMs
    this.#hasFed = true
    this.#standIn.paused(lostMs)
    this.#fedAtMs = now()
    logger.info({ ...change, lostMs }, 'source switched')
    onSwitch({ ...change, lostMs })
  }

  #ranked(): Source[] {
    return SOURCE_KINDS.flatMap((kind) => (kind === 'slate' ? [] : (this.#sources.get(kind) ?? [])))
  }
}

/** The usual way to have `tick` called; returns the way to stop. */
export function everySoOften(ms: number, tick: () => void): () => void {
  const timer = setInterval(tick, ms)
  return () => clearInterval(timer)
}
