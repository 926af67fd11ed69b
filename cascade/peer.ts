/**
 * One end of the cascade: takes a stream from its parents, checks every chunk, gives it to its children as it comes, and gets
 * what is missing from somebody else in time. No I/O and no clock of its own: driven by messages and the clock it is handed.
 */
import type { Part } from '../media/part.ts'
import { Admission } from './downstream/admission.ts'
import { Assembly } from './assembly/assembly.ts'
import { stripeOf } from './chunk.ts'
import { Downstream } from './downstream/downstream.ts'
import type { DataFrame, MetaFrame } from './frame/frame.ts'
import type { Parent } from './upstream/parent.ts'
import type { PartState } from './assembly/part-state.ts'
import type {
  LostReason,
  ParentRole,
  PartSource,
  PeerFacts,
  PeerOptions,
  PollutionProof,
} from './peer-options.ts'
import type { PeerId } from './peer-id.ts'
import { RateMeter } from './assembly/rate-meter.ts'
import { Repair } from './upstream/repair.ts'
import { SpareUpload } from './downstream/spare.ts'
import { STRIPES, UNKNOWN_DEPTH } from './frame/frame.ts'
import { SwitchWatch } from './upstream/switch-watch.ts'
import type { Transport } from './transport.ts'
import { Upstream } from './upstream/upstream.ts'

/** How often a peer looks at what is late and who is silent. */
const TICK_MS = 25
/** Parents beat so often; children, whose silence nobody waits for, every fourth time. */
const BEAT_TICKS = 2
const BEATS_TO_PARENTS = 4
/** A tick this much later than meant: this process stood still. */
const STANDSTILL_MS = 30
/** A good-bye has so long to arrive. */
const GOODBYE_MS = 150

export class Peer {
  readonly #options: PeerOptions
  readonly #assembly: Assembly
  readonly #upstream: Upstream
  readonly #downstream: Downstream
  readonly #repair: Repair
  readonly #spare: SpareUpload
  readonly #rate: RateMeter
  readonly #switches: SwitchWatch
  #stopTick: () => void = () => undefined
  #tickAtMs: number
  #ticks = 0
  #isClosed = false
  #isLeaving = false
  #parts = { cascade: 0, http: 0 }
  #bytes = { fromPrimary: 0, fromBackup: 0 }
  #place = ''

  constructor(options: PeerOptions) {
    this.#options = options
    const { clock, program, rendition, tracks, verifier } = options
    this.#spare = new SpareUpload(options.limits)
    this.#rate = new RateMeter(tracks.length)
    const streamKbps = (): number => this.#rate.kbps
    this.#assembly = new Assembly({ program, tracks, clock, verifier, events: this.#assemblyEvents() })
    const { windows } = this.#assembly
    this.#upstream = new Upstream({
      ...{ id: options.id, program, rendition, clock, streamKbps },
      newest: () => Math.max(...windows.map(({ newest }) => newest)),
      onMedia: (frame, parent) => this.#takeMedia(frame, parent),
      onHave: (parent) => this.#noteHoldings(parent),
      onLost: (parent, why, alternative) => this.#lost(parent, why, alternative),
      onSwitch: (change) => this.#switches.begin(change),
      onPath: () => this.#moved(),
    })
    const admission = new Admission({ ...options, isFull: () => this.#isFull })
    this.#downstream = new Downstream({
      ...{ program, rendition, clock, windows, streamKbps, limits: options.limits },
      admit: (child, fingerprint, token) => admission.check({ child, fingerprint, token }),
      place: () => ({ depth: this.#depth ?? UNKNOWN_DEPTH, path: this.#upstream.path }),
      alternative: () => this.#upstream.parents[0]?.id ?? null,
      onLeft: (child) => options.events.onChildLeft?.(child),
    })
    this.#repair = new Repair({
      ...{ clock, windows, upstream: this.#upstream, reserveMs: options.reserveMs },
      onFetch: (track, number) => options.events.onFetch(tracks[track] ?? '', number),
    })
    this.#switches = new SwitchWatch(clock, (change) => options.events.onSwitch?.(change))
    this.#tickAtMs = clock.now()
    this.#schedule()
  }

  /** Shown to parents from now on. */
  setToken(token: Uint8Array): void {
    this.#upstream.token = token
  }

  /** An open connection to a parent that the coordinator chose. */
  addParent(role: ParentRole, transport: Transport): void {
    if (this.#isClosed || this.#isLeaving) return transport.close()
    this.#upstream.add(role, transport)
  }

  /** The whole list of parents, best first: those that are not in it are taken leave of. */
  setParents(roles: readonly ParentRole[]): void {
    this.#upstream.setRoles(roles)
  }

  /** An open connection that this child made. */
  addChild(id: PeerId, transport: Transport): void {
    if (this.#isClosed || this.#isLeaving) return transport.close()
    this.#downstream.add(id, transport)
  }

  /** Nobody deals with this one any more. */
  cut(id: PeerId): void {
    this.#downstream.cut(id)
    const parent = this.#upstream.find(id)
    if (parent) this.#upstream.lose(parent, 'polluted')
  }

  /** A part from outside: a root's own, or what HTTP brought. Checked, and given to the children. */
  offer(part: Part): void {
    if (!this.#isClosed) this.#assembly.offer(part)
  }

  facts(): PeerFacts {
    const { duplicateBytes: duplicate, late, verifiedChunks, rejectedChunks } = this.#assembly
    return {
      depth: this.#depth,
      parents: this.#upstream.parents.map((parent) => parent.facts()),
      children: this.#downstream.children.map((child) => child.facts()),
      bytes: { ...this.#bytes, duplicate, sent: this.#downstream.bytesSent },
      parts: { ...this.#parts, late },
      ...{ verifiedChunks, rejectedChunks },
      nacksSent: this.#repair.nacksSent,
      switches: this.#upstream.switches,
      spareKbps: this.#spareKbps,
    }
  }

  /**
   * Says good-bye, so that nobody has to find out; ends what it has begun, and the links close a little later. `isSudden`: there is
   * no time for that, the process is about to end.
   */
  leave(isSudden = false): void {
    if (this.#isClosed || this.#isLeaving) return
    this.#isLeaving = true
    this.#downstream.leave()
    if (isSudden) return this.#leaveParents()
    this.#options.clock.after(GOODBYE_MS, () => this.#leaveParents())
  }

  #leaveParents(): void {
    if (this.#isClosed) return
    this.#upstream.leave()
    this.#stop()
    this.#options.clock.after(GOODBYE_MS, () => this.#closeLinks())
  }

  /** Ends all links at once. Idempotent. */
  close(): void {
    if (!this.#isClosed) this.#stop()
    this.#closeLinks()
  }

  get #depth(): number | null {
    return this.#options.isRoot ? 0 : this.#upstream.depth
  }

  get #spareKbps(): number {
    return this.#spare.kbps(this.#downstream.granted)
  }

  /** The upload that is left bears no stripe more. */
  get #isFull(): boolean {
    const { kbps } = this.#rate
    return kbps > 0 && this.#spareKbps < kbps / STRIPES
  }

  #stop(): void {
    this.#isClosed = true
    this.#stopTick()
  }

  #closeLinks(): void {
    this.#upstream.close()
    this.#downstream.close()
  }

  #schedule(): void {
    this.#stopTick = this.#options.clock.after(TICK_MS, () => {
      this.#tick()
      if (!this.#isClosed) this.#schedule()
    })
  }

  #tick(): void {
    const now = this.#options.clock.now()
    const stoodMs = now - this.#tickAtMs - TICK_MS
    this.#tickAtMs = now
    if (stoodMs > STANDSTILL_MS) {
      this.#upstream.forgive(stoodMs)
      this.#downstream.forgive(stoodMs)
    }
    this.#ticks++
    this.#upstream.tick()
    if (!this.#options.isRoot && this.#repair.tick()) this.#downstream.hold()
    if (this.#ticks % BEAT_TICKS === 0) this.#beat(now)
  }

  #beat(now: number): void {
    this.#downstream.tick()
    this.#spare.note(this.#downstream.bytesSent, now)
    const spare = this.#spareKbps
    this.#downstream.beat(spare)
    if (this.#ticks % (BEAT_TICKS * BEATS_TO_PARENTS) === 0) this.#upstream.beat(spare)
  }

  #takeMedia(frame: MetaFrame | DataFrame, parent: Parent): void {
    const now = this.#options.clock.now()
    if (frame.type === 'meta') return this.#assembly.takeMeta(frame, parent.id)
    parent.noteMedia(frame.bytes.length, now)
    this.#bytes[parent.role === 'primary' ? 'fromPrimary' : 'fromBackup'] += frame.bytes.length
    this.#switches.noteMedia(parent.id, now)
    this.#noteArrival(frame, parent, now)
    this.#assembly.takeData(frame, parent.id)
  }

  /** What a parent holds must be on its way, or is missing. */
  #noteHoldings(parent: Parent): void {
    const now = this.#options.clock.now()
    for (const window of this.#assembly.windows) {
      const newest = parent.newestOf(window.track)
      if (newest > window.newest && window.isPlausible(newest, now)) window.note(newest, now)
    }
  }

  #assemblyEvents(): ConstructorParameters<typeof Assembly>[0]['events'] {
    return {
      onMeta: (part) => this.#downstream.sendMeta(part),
      onChunk: (part, chunk, from) => this.#noteChunk(part, chunk, from),
      onWhole: (part, whole, source) => this.#finish(part, whole, source),
      onCarried: (_, whole) => this.#options.events.onPart(whole, 'cascade'),
      onBad: (from, proof) => this.#polluted(from, proof),
    }
  }

  #noteChunk(part: PartState, chunk: number, from: PeerId | null): void {
    this.#downstream.forward(part, chunk)
    const parent = from === null ? undefined : this.#upstream.find(from)
    if (parent) part.broughtBy.add(parent.id)
  }

  /** Of its own share alone: what it was asked to repair says nothing of how long it takes. */
  #noteArrival({ track, number, chunk }: DataFrame, parent: Parent, now: number): void {
    const part = this.#assembly.windows[track]?.find(number)
    const isOwn = (parent.subscription.stripesFor(number) >> stripeOf(number, chunk)) & 1
    if (part && isOwn) parent.arrivals.of(part).note(now - part.sinceMs)
  }

  #finish(part: PartState, whole: Part, source: PartSource): void {
    this.#rate.note(part.track, whole.bytes.length)
    this.#parts[source]++
    if (source === 'cascade' && part.askedAtMs > -Infinity) this.#noteShares(part)
    else
      for (const parent of this.#upstream.parents) if (part.broughtBy.has(parent.id)) parent.noteLate(false)
    this.#options.events.onPart(whole, source)
  }

  /** It took a repair: who had a share and did not bring it? */
  #noteShares(part: PartState): void {
    for (const parent of this.#upstream.parents) {
      const share = parent.subscription.stripesFor(part.number)
      if (share === 0) continue
      const hasBrought = part.broughtBy.has(parent.id)
      parent.noteShare(hasBrought)
      if (part.lateStripes & share) parent.noteLate(true)
    }
  }

  #polluted(from: PeerId, proof: PollutionProof | null): void {
    if (proof) this.#options.events.onPolluted?.(proof)
    const parent = this.#upstream.find(from)
    if (parent) this.#upstream.lose(parent, 'polluted')
  }

  #lost(parent: Parent, why: LostReason, alternative: PeerId | null): void {
    if (!this.#isClosed) this.#repair.tick()
    this.#options.events.onParentLost(parent.id, why, alternative)
  }

  /** Children hear of it when depth or ancestors are others than they were; not of a moment without any. */
  #moved(): void {
    if (this.#depth === null) return
    const place = [this.#depth, ...this.#upstream.path].join()
    if (place === this.#place) return
    this.#place = place
    this.#downstream.announcePlace()
  }
}
