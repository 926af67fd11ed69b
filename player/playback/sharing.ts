/**
 * Lets a viewer take part in the cascade while that makes sense: behind the first frame, with hls.js, on a device that can. The
 * cascade's part of the program is loaded only then.
 */
import type { CascadeSession } from '../cascade/session.ts'
import { NO_SHARING, type SharingFacts } from './sharing-facts.ts'
import { describeOffer, mayJoin, type SharingWishes } from '../decisions/sharing.ts'
import { bufferedAheadS } from '../engine/buffered.ts'
import type { RoomChannel } from '../room/room-channel.ts'
import type { RoomView } from '../room/room-view.ts'
import { abilityHere, deviceHere } from './ability-here.ts'
import { PlayedTime } from './played-time.ts'
import type { Session } from './session.ts'

export interface SharingOptions {
  roomId: string
  /** null: nobody to ask for a place */
  channel: RoomChannel | null
  wishes: () => SharingWishes
  totals: () => { stalls: number; stallMs: number; bytes: number }
}

export class Sharing {
  readonly #options: SharingOptions
  readonly #gone = new AbortController()
  readonly #played = new PlayedTime()
  #session: Session | null = null
  #cascade: CascadeSession | null = null
  #isOpening = false
  /** of streams that are over */
  #past: SharingFacts = NO_SHARING
  #isPublisherOn = false
  #isLeft = false
  /** the browser could not load or start it */
  #isBroken = false

  constructor(options: SharingOptions) {
    this.#options = options
    const { signal } = this.#gone
    const leave = (): void => {
      this.#isLeft = true
      this.#end({ isPageGoing: true })
    }
    globalThis.window?.addEventListener('pagehide', leave, { signal })
    globalThis.window?.addEventListener('pageshow', () => void (this.#isLeft = false), { signal })
  }

  /** To be called often, with what plays now. */
  look(session: Session | null): void {
    this.#played.note(session?.screen?.video ?? null)
    const isWanted = session !== null && this.#isWanted(session)
    if (this.#session !== null && (!isWanted || session !== this.#session)) this.#end()
    if (isWanted && this.#session === null && !this.#isOpening) void this.#begin(session)
  }

  setRoom({ state }: Pick<RoomView, 'state'>): void {
    this.#isPublisherOn = state === 'live'
    this.#cascade?.setPublisher(this.#isPublisherOn)
  }

  facts(): SharingFacts {
    const now = this.#cascade?.facts()
    if (!now) return this.#past
    return addPast(this.#past, now)
  }

  close(): void {
    this.#gone.abort()
    this.#end()
  }

  #isWanted({ firstFrameAtMs, screen }: Session): boolean {
    const { channel, wishes } = this.#options
    if (channel === null || this.#isLeft || this.#isBroken || this.#gone.signal.aborted) return false
    if (firstFrameAtMs === null || screen?.engine?.kind !== 'hls') return false
    return mayJoin(abilityHere(), wishes())
  }

  async #begin(session: Session): Promise<void> {
    const { roomId, channel, wishes, totals } = this.#options
    if (channel === null) return
    this.#isOpening = true
    try {
      const { CascadeSession } = await import('../cascade/session.ts')
      if (!this.#isWanted(session)) return
      const cascade = new CascadeSession({
        ...{ roomId, channel, stream: session.parts.stream },
        offer: () => describeOffer(deviceHere(), wishes()),
        reserve: () => reserveOf(session),
        totals: () => {
          const { stalls, stallMs, bytes } = totals()
          return { stalls, stallMs, httpBytes: bytes, playedMs: this.#played.ms }
        },
      })
      this.#session = session
      this.#cascade = cascade
      cascade.setPublisher(this.#isPublisherOn)
      await cascade.start()
    } catch {
      this.#isBroken = true
      this.#end()
    } finally {
      this.#isOpening = false
    }
  }

  #end(how: { isPageGoing?: boolean } = {}): void {
    const cascade = this.#cascade
    this.#cascade = null
    this.#session = null
    if (!cascade) return
    cascade.close(how)
    const over = addPast(this.#past, cascade.facts())
    this.#past = { ...NO_SHARING, ...pickCounts(over) }
  }
}

function reserveOf({ screen }: Session): { reserveMs: number; isPlaying: boolean } {
  if (!screen) return { reserveMs: 0, isPlaying: false }
  return { reserveMs: bufferedAheadS(screen.video) * 1000, isPlaying: !screen.video.paused }
}

type Counts = Pick<SharingFacts, 'bytes' | 'switches' | 'verifiedChunks' | 'rejected'>

function pickCounts({ bytes, switches, verifiedChunks, rejected }: SharingFacts): Counts {
  return { bytes, switches, verifiedChunks, rejected }
}

function addPast(past: SharingFacts, now: SharingFacts): SharingFacts {
  return {
    ...now,
    bytes: {
      fromPrimary: past.bytes.fromPrimary + now.bytes.fromPrimary,
      fromBackup: past.bytes.fromBackup + now.bytes.fromBackup,
      duplicate: past.bytes.duplicate + now.bytes.duplicate,
      sent: past.bytes.sent + now.bytes.sent,
    },
    switches: [...past.switches, ...now.switches].slice(-MAX_SWITCHES),
    verifiedChunks: past.verifiedChunks + now.verifiedChunks,
    rejected: past.rejected + now.rejected,
  }
}

const MAX_SWITCHES = 50
