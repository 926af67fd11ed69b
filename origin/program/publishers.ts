/** The way in for publishers: who may publish by which key, one of each kind in a room, and who is told why he may not. */
import type { FlvTag } from '../../media/flv-tag.ts'
import { roomLogger, type Logger } from '../../runtime/logger.ts'
import type { EndReason, Publication, PublishRequest, Refusal, RtmpSession } from '../ingest/rtmp-session.ts'
import { KeyGuard } from '../room/key-guard.ts'
import type { RoomRegistry } from '../room/registry.ts'
import type { PublisherKind } from './live-rooms.ts'
import type { Program } from './program.ts'
import type { Source } from './source.ts'

export interface PublishersOptions {
  rooms: RoomRegistry
  logger: Logger
  /** The room's running program; a new one where there is none, or it is over. */
  openProgram: (roomId: string) => Program
}

interface Publisher {
  roomId: string
  program: Program
  session: RtmpSession
  source: Source
}

interface Hold {
  untilMs: number
  description: string
}

export const PUBLISH_APP = 'live'
/** A newcomer waits this long for the one before it to fall silent. */
const HOLD_MS = 1500
const POLL_MS = 50
/** After a stream was ended on purpose, or refused, its encoder's own reconnects are refused for this long. */
const HOLD_AFTER_STOP_MS = 5000

export class Publishers {
  readonly #options: PublishersOptions
  readonly #keys: KeyGuard
  readonly #connected = new Map<string, Publisher>()
  readonly #holds = new Map<string, Hold>()

  constructor(options: PublishersOptions) {
    this.#options = options
    this.#keys = new KeyGuard({ rooms: options.rooms })
  }

  /** For every RTMP connection. */
  async authorise(request: PublishRequest, session: RtmpSession): Promise<Publication | Refusal> {
    if (request.app.replace(/\/+$/, '') !== PUBLISH_APP)
      return { description: `the server address ends with /${PUBLISH_APP}` }
    const found = await this.#keys.find(request.streamName, request.remoteAddress)
    if (found === 'limited')
      return { description: 'too many wrong stream keys from this address: try again in a minute' }
    if (!found) return { description: 'wrong stream key: copy it from the studio again' }
    return this.#claim(found.room.id, found.kind, session)
  }

  /** Sends a room's publishers away, and tells those who come back at once why. */
  dismiss(roomId: string, description: string): void {
    for (const { kind, session } of this.#of(roomId)) {
      this.#hold(roomId, kind, description)
      session.close('stopped')
    }
  }

  /** What one of them sends cannot be taken, or what all of them do. */
  refuse(roomId: string, kind: PublisherKind | null, description: string): void {
    for (const each of this.#of(roomId)) {
      if (kind !== null && each.kind !== kind) continue
      this.#hold(roomId, each.kind, description)
      each.session.refuse(description)
    }
  }

  /** Ends the connections to a program that is over: their encoders come back by themselves, and begin another. */
  release(program: Program): void {
    for (const each of [...this.#connected.values()])
      if (each.program === program) each.session.close('stopped')
  }

  /** Ends every connection. */
  close(): void {
    for (const { session } of [...this.#connected.values()]) session.close('stopped')
  }

  /** One of each kind: while the one that is there sends, a newcomer is held for a while, then refused; a dead one is replaced at once. */
  async #claim(roomId: string, kind: PublisherKind, session: RtmpSession): Promise<Publication | Refusal> {
    const deadline = Date.now() + HOLD_MS
    for (;;) {
      // Looked at each time: the stream may be ended while somebody waits.
      const hold = this.#findHold(roomId, kind)
      if (hold) return { description: hold.description }
      const before = this.#connected.get(keyOf(roomId, kind))
      if (before && before.source.health.ailment !== null) before.session.close('replaced')
      // Nothing may come between looking and taking: two may be waiting.
      if (!before || before.source.health.ailment !== null) return this.#admit(roomId, kind, session)
      if (Date.now() >= deadline)
        return { description: 'this stream key is live already: stop the other one first' }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

  #admit(roomId: string, kind: PublisherKind, session: RtmpSession): Publication {
    const program = this.#options.openProgram(roomId)
    const source = program.connect(kind)
    const publisher: Publisher = { roomId, program, session, source }
    const key = keyOf(roomId, kind)
    const logger = roomLogger(this.#options.logger, roomId)
    this.#connected.set(key, publisher)
    logger.info({ source: kind, address: session.remoteAddress }, 'publisher connected')
    return {
      receive: (tag: FlvTag) => source.receive(tag),
      overrun: () => source.overrun(),
      end: (reason: EndReason) => {
        logger.info({ source: kind, reason }, 'publisher gone')
        if (this.#connected.get(key) === publisher) this.#connected.delete(key)
        program.disconnect(source, reason === 'unpublished' ? 'unpublished' : 'gone')
      },
    }
  }

  #of(roomId: string): (Publisher & { kind: PublisherKind })[] {
    const publishers = [...this.#connected.values()].filter((each) => each.roomId === roomId)
    return publishers.map((each) => ({ ...each, kind: each.source.kind }))
  }

  /** Encoders reconnect by themselves within seconds: told why they may not, they stop and show a failure. */
  #hold(roomId: string, kind: PublisherKind, description: string): void {
    const nowMs = Date.now()
    for (const [key, { untilMs }] of this.#holds) if (untilMs <= nowMs) this.#holds.delete(key)
    this.#holds.set(keyOf(roomId, kind), { untilMs: nowMs + HOLD_AFTER_STOP_MS, description })
  }

  #findHold(roomId: string, kind: PublisherKind): Hold | null {
    const hold = this.#holds.get(keyOf(roomId, kind))
    return hold && Date.now() < hold.untilMs ? hold : null
  }
}

function keyOf(roomId: string, kind: PublisherKind): string {
  return `${roomId}/${kind}`
}
