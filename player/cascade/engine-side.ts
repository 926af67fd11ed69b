/** The side of the cascade's engine: in a worker where the browser allows, else on the page. Knows the page only by messages. */
import type { Clock } from '../../cascade/clock.ts'
import { Peer } from '../../cascade/peer.ts'
import type { PeerEvents, PeerLimits } from '../../cascade/peer-options.ts'
import { readPart } from '../../media/part.ts'
import { BrowserTransport } from './browser-transport.ts'
import { createVerifier } from './native-verifier.ts'
import type { EnginePort, EngineSettings, LinkId, ToEngine } from './worker-messages.ts'

export interface EngineSideOptions {
  port: EnginePort
  clock?: Clock
}

const FACTS_MS = 500
/** The page says more often how much is loaded; a page that is busy does not for a while. */
const UNKNOWN_RESERVE_MS = 1000

const CLOCK: Clock = {
  now: () => performance.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms)
    return () => clearTimeout(timer)
  },
}

export class EngineSide {
  readonly #port: EnginePort
  readonly #clock: Clock
  readonly #links = new Map<LinkId, BrowserTransport>()
  #peer: Peer | null = null
  #limits: PeerLimits = { maxChildren: 0, uploadKbps: null }
  #reserve = { ms: UNKNOWN_RESERVE_MS, atMs: 0, isPlaying: false }
  #badOffers = 0
  /** messages are taken one after the other: the first of them needs a moment */
  #turn: Promise<void> = Promise.resolve()
  #stopFacts: () => void = () => undefined

  constructor({ port, clock = CLOCK }: EngineSideOptions) {
    this.#port = port
    this.#clock = clock
    port.onMessage = (message) => this.#receive(message)
  }

  /** Ends all links without a word. */
  close(): void {
    this.#stopFacts()
    this.#peer?.close()
    for (const transport of this.#links.values()) transport.close()
    this.#links.clear()
  }

  #receive(message: ToEngine): void {
    // later the channels could not be listened to from their first message on
    if (message.type === 'channels') return this.#watch(message.link, message.channels)
    if (this.#peer) return this.#take(message)
    this.#turn = this.#turn
      .then(() => (message.type === 'open' ? this.#open(message.settings) : this.#take(message)))
      .catch((cause: unknown) => this.#port.post({ type: 'failed', message: String(cause) }))
  }

  async #open(settings: EngineSettings): Promise<void> {
    const { publicKey, limits, ...rest } = settings
    const verifier = await createVerifier(publicKey)
    // the engine reads its limits where it needs them: changed in place
    Object.assign(this.#limits, limits)
    this.#peer = new Peer({
      ...rest,
      isRoot: false,
      clock: this.#clock,
      wallNow: () => Date.now(),
      random: () => Math.random(),
      verifier,
      limits: this.#limits,
      reserveMs: () => this.#reserveMs(),
      events: this.#events(),
    })
    this.#tellFacts()
  }

  #take(message: ToEngine): void {
    const peer = this.#peer
    if (!peer) return
    if (message.type === 'parents') {
      peer.setToken(message.token)
      peer.setParents(message.roles)
    } else if (message.type === 'add-parent') {
      const transport = this.#identify(message.link, message.facts)
      if (transport) peer.addParent(message.role, transport)
    } else if (message.type === 'add-child') {
      const transport = this.#identify(message.link, message.facts)
      if (transport) peer.addChild(message.child, transport)
    } else if (message.type === 'drop') this.#links.get(message.link)?.close()
    else if (message.type === 'cut') peer.cut(message.peer)
    else if (message.type === 'offer') this.#offer(peer, message.bytes)
    else if (message.type === 'reserve')
      this.#reserve = { ms: message.reserveMs, atMs: this.#clock.now(), isPlaying: message.isPlaying }
    else if (message.type === 'limits') Object.assign(this.#limits, message.limits)
    else if (message.type === 'leave') {
      peer.leave(message.isSudden)
      this.#stopFacts()
    }
  }

  #watch(link: LinkId, channels: ConstructorParameters<typeof BrowserTransport>[0]): void {
    const transport = new BrowserTransport(channels, {
      onOpen: () => this.#port.post({ type: 'link-open', link }),
      onEnd: () => {
        this.#links.delete(link)
        this.#port.post({ type: 'link-closed', link })
      },
    })
    this.#links.set(link, transport)
  }

  #identify(link: LinkId, facts: { remoteFingerprint: string; isRelayed: boolean }): BrowserTransport | null {
    const transport = this.#links.get(link)
    return transport ? Object.assign(transport, facts) : null
  }

  #offer(peer: Peer, bytes: Uint8Array): void {
    try {
      peer.offer(readPart(bytes))
    } catch {
      this.#badOffers++
    }
  }

  #events(): PeerEvents {
    const port = this.#port
    return {
      onPart: ({ bytes }, source) => {
        if (source === 'http') return
        // the engine keeps its own for children: a copy travels
        const copy = bytes.slice()
        port.post({ type: 'part', bytes: copy }, [copy.buffer])
      },
      onFetch: (track, number) => port.post({ type: 'fetch', track, number }),
      onParentLost: (parent, why) => port.post({ type: 'parent-lost', parent, why }),
      onSwitch: (change) => port.post({ type: 'switch', change, atMs: Date.now() }),
      onPolluted: (proof) => port.post({ type: 'polluted', proof }),
    }
  }

  #reserveMs(): number {
    const { ms, atMs, isPlaying } = this.#reserve
    return Math.max(0, isPlaying ? ms - (this.#clock.now() - atMs) : ms)
  }

  #tellFacts(): void {
    if (this.#peer) this.#port.post({ type: 'facts', facts: this.#peer.facts(), badOffers: this.#badOffers })
    this.#stopFacts = this.#clock.after(FACTS_MS, () => this.#tellFacts())
  }
}
