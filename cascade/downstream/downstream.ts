/** A peer's children: who may be one, what each is sent as it comes in, and what becomes of those that cannot keep up. */
import type { PartState } from '../assembly/part-state.ts'
import { Child } from './child.ts'
import { Pacer } from './pacer.ts'
import { Pressure } from './pressure.ts'
import { stripeOf } from '../chunk.ts'
import type { Clock } from '../clock.ts'
import { encodeChunk, encodeMeta } from './encode.ts'
import { channelOf, encodeFrame } from '../frame/codec.ts'
import { type DenyReason, type Frame, type NackFrame, type SubscribeFrame } from '../frame/frame.ts'
import { withResult } from '../assembly/later.ts'
import { Link } from '../link/link.ts'
import type { PeerLimits } from '../peer-options.ts'
import type { PeerId } from '../peer-id.ts'
import type { PartWindow } from '../assembly/part-window.ts'
import type { Transport } from '../transport.ts'

export interface DownstreamOptions {
  program: string
  rendition: string
  clock: Clock
  windows: readonly PartWindow[]
  limits: PeerLimits
  streamKbps: () => number
  /** Null where it may be a child; else why not. */
  admit: (
    child: PeerId,
    fingerprint: string,
    token: Uint8Array,
  ) => DenyReason | null | Promise<DenyReason | null>
  /** This peer's own place: what a GRANT says. */
  place: () => { depth: number; path: PeerId[] }
  /** Named to children when this peer leaves. */
  alternative: () => PeerId | null
  onLeft: (child: PeerId) => void
}

const SILENCE_MS = 5000
const SUBSCRIBE_LIMIT_MS = 5000
const HOLD_MS = 150

export class Downstream {
  readonly #options: DownstreamOptions
  readonly #pressure: Pressure
  readonly #pacer: Pacer
  readonly #children = new Map<PeerId, Child>()
  #heldAtMs = -Infinity
  bytesSent = 0

  constructor(options: DownstreamOptions) {
    this.#options = options
    const { clock, streamKbps, limits } = options
    this.#pressure = new Pressure({ now: () => clock.now(), streamKbps })
    this.#pacer = new Pacer({
      clock,
      uploadKbps: () => limits.uploadKbps,
      transmit: (child, message) => this.#transmit(child, message),
    })
  }

  get children(): readonly Child[] {
    return [...this.#children.values()]
  }

  /** How many were let in. */
  get granted(): number {
    let count = 0
    for (const { isGranted } of this.#children.values()) if (isGranted) count++
    return count
  }

  /** A connection is there; it is a child when it has asked and was let in. */
  add(id: PeerId, transport: Transport): void {
    const { clock } = this.#options
    this.#children.get(id)?.link.close()
    const link = new Link({
      id,
      transport,
      clock,
      onFrame: (frame) => this.#take(child, frame),
      onBroken: () => this.#drop(child),
    })
    const child = new Child(link, clock.now())
    this.#children.set(id, child)
  }

  sendMeta(part: PartState): void {
    const message = encodeMeta(part)
    if (!message) return
    for (const child of this.#children.values())
      if (child.isGranted && child.wantsMeta(part) && child.mayHaveMeta(part, false))
        child.link.sendEncoded('media', message)
  }

  /** Hands on a chunk to all that are to have it: each once, as it comes. */
  forward(part: PartState, chunk: number): void {
    const stripe = stripeOf(part.number, chunk)
    let message: Uint8Array | null = null
    for (const child of this.#children.values()) {
      if (!child.isGranted || !child.wants(part, stripe, chunk)) continue
      message ??= encodeChunk(part, chunk)
      if (message && this.#pressure.hasRoom(child, part)) this.#pacer.send(child, message, false)
    }
  }

  beat(spareKbps: number): void {
    const holdings = this.#options.windows.flatMap((window) => window.holding() ?? [])
    for (const { link } of this.#children.values()) link.beat(spareKbps, holdings)
  }

  /** Tells the children that what is missing is being repaired here. */
  hold(): void {
    const now = this.#options.clock.now()
    if (now - this.#heldAtMs < HOLD_MS) return
    this.#heldAtMs = now
    this.#tell({ type: 'hold', forMs: HOLD_MS })
  }

  /** This peer hangs elsewhere now: they hear of their new ancestors, and who is one of them goes. */
  announcePlace(): void {
    const { depth, path } = this.#options.place()
    for (const child of this.children) {
      if (!child.isGranted) continue
      if (path.includes(child.id)) this.#dismiss(child, 'refused')
      else child.link.send({ type: 'grant', depth, path })
    }
  }

  tick(): void {
    const now = this.#options.clock.now()
    for (const child of this.children) {
      const isLate = !child.isGranted && now - child.sinceMs > SUBSCRIBE_LIMIT_MS
      if (isLate || child.link.silentMs > SILENCE_MS) this.#drop(child)
      else if (this.#pressure.isHopeless(child)) this.#dismiss(child, 'pressure')
    }
  }

  forgive(ms: number): void {
    for (const { link } of this.#children.values()) link.forgive(ms)
  }

  /** Whoever passed on what is not the origin's, or must not be dealt with. */
  cut(id: PeerId): void {
    const child = this.#children.get(id)
    if (child) this.#dismiss(child, 'polluted')
  }

  leave(): void {
    this.#tell({ type: 'bye', reason: 'leaving', alternative: this.#options.alternative() })
  }

  close(): void {
    this.#pacer.close()
    for (const { link } of this.#children.values()) link.close()
    this.#children.clear()
  }

  #tell(frame: Frame): void {
    const message = encodeFrame(frame)
    for (const child of this.#children.values())
      if (child.isGranted) child.link.sendEncoded(channelOf(frame.type), message)
  }

  #take(child: Child, frame: Frame): void {
    if (frame.type === 'subscribe') this.#subscribe(child, frame)
    else if (frame.type === 'nack') this.#nack(child, frame)
    else if (frame.type === 'bye') this.#drop(child)
    // media from a child, and a parent's words, are left alone
  }

  #subscribe(child: Child, frame: SubscribeFrame): void {
    if (child.isGranted) return this.#change(child, frame)
    if (child.isChecking) return
    child.isChecking = true
    const { program, rendition, limits, admit } = this.#options
    if (frame.program !== program || frame.rendition !== rendition) return this.#deny(child, 'stream')
    if (this.granted >= limits.maxChildren) return this.#deny(child, 'full')
    withResult(admit(child.id, child.link.fingerprint, frame.token), (reason) => {
      if (child.link.isClosed) return
      if (reason !== null) return this.#deny(child, reason)
      const { depth, path } = this.#options.place()
      if (path.includes(child.id)) return this.#deny(child, 'loop')
      child.isGranted = true
      child.link.send({ type: 'grant', depth, path })
      this.#change(child, frame)
    })
  }

  /** From 0 is from the next part on. What is here already of new stripes is sent along. */
  #change(child: Child, { stripes, from }: SubscribeFrame): void {
    const next = Math.max(...this.#options.windows.map(({ newest }) => newest)) + 1
    const first = from === 0 ? next : from
    const before = child.subscription.stripesFor(first)
    child.subscription.change(first, stripes)
    const added = stripes & ~before
    if (added === 0) return
    for (const window of this.#options.windows) {
      for (let number = first; number <= window.newest; number++) {
        const part = window.find(number)
        if (part) this.#sendStripes(child, part, added)
      }
    }
  }

  #sendStripes(child: Child, part: PartState, stripes: number): void {
    if (!part.known) return
    this.#sendMetaTo(child, part, false)
    part.chunks.forEach((bytes, chunk) => {
      const isMeant = (stripes >> stripeOf(part.number, chunk)) & 1
      if (bytes && isMeant) this.#sendHere(child, part, chunk, false)
    })
  }

  #nack(child: Child, { wants }: NackFrame): void {
    if (!child.isGranted) return
    for (const want of wants) {
      const part = this.#options.windows[want.track]?.find(want.number)
      if (!part || part.number < (child.skipsTo.get(part.track) ?? 0)) continue
      if (part.known && want.needsMeta) this.#sendMetaTo(child, part, true)
      const chunks = want.chunks ?? part.chunks.map((_, chunk) => chunk)
      const here = chunks.filter((chunk) => part.chunks[chunk])
      if (here.length > 0 && child.mayHaveRepair(part, here.length))
        for (const chunk of here) this.#sendHere(child, part, chunk, true)
      if (!part.isWhole) child.owe(part, want)
    }
  }

  #sendMetaTo(child: Child, part: PartState, isAsked: boolean): void {
    const message = encodeMeta(part)
    if (message && child.mayHaveMeta(part, isAsked)) child.link.sendEncoded('media', message)
  }

  #sendHere(child: Child, part: PartState, chunk: number, isAsked: boolean): void {
    const message = encodeChunk(part, chunk)
    if (message && this.#pressure.hasRoom(child, part)) this.#pacer.send(child, message, isAsked)
  }

  #transmit(child: Child, message: Uint8Array): void {
    if (!child.link.sendEncoded('media', message)) return
    child.mediaBytes += message.length
    this.bytesSent += message.length
  }

  #deny(child: Child, reason: DenyReason): void {
    child.link.send({ type: 'deny', reason })
    this.#release(child)
  }

  #dismiss(child: Child, reason: 'pressure' | 'refused' | 'polluted'): void {
    child.link.send({ type: 'bye', reason, alternative: this.#options.alternative() })
    this.#release(child)
  }

  /** Closed a little later, so that the last word arrives. */
  #release(child: Child): void {
    this.#forget(child)
    this.#options.clock.after(SUBSCRIBE_LIMIT_MS / 10, () => child.link.close())
  }

  #drop(child: Child): void {
    child.link.close()
    this.#forget(child)
  }

  #forget(child: Child): void {
    if (this.#children.get(child.id) !== child) return
    this.#children.delete(child.id)
    child.isGranted = false
    this.#options.onLeft(child.id)
  }
}
