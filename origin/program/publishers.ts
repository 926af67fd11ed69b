/** The way in for publishers: who may publish by which key, one of each kind in a room, and who is told why he may not. */
import type { FlvTag } from '../../media/flv-tag.ts'
import { roomLogger, type Logger } from '../../runtime/logger.ts'
import type { EndReason, Publication, PublishRequest, Refusal, RtmpSession } from '../ingest/rtmp-session.ts'
import { KeyGuard } from '../room/key-guard.ts'
import type { RoomRegistry } from '../room/registry.ts'
import { Holds } from './holds.ts'
import { PUBLISHER_KINDS, type PublisherKind } from './live-rooms.ts'
import type { Program } from './program.ts'
import { isRefused } from './second-publisher.ts'
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

export const PUBLISH_APP = 'live'
const POLL_MS = 20

export class Publishers {
  readonly #options: PublishersOptions
  readonly #keys: KeyGuard
  readonly #connected = new Map<string, Publisher>()
  readonly #holds = new Holds()
  /** Gone without a goodbye, and so trying to come back: in which program. At most one of each kind for each that runs. */
  readonly #lost = new Map<string, Program>()

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

  /** Sends a program's publishers away, and tells them, and those who were lost, why when they come back by themselves. */
  dismiss(program: Program, description: string): void {
    const here = this.#of(program.roomId)
    for (const kind of PUBLISHER_KINDS) {
      const key = keyOf(program.roomId, kind)
      const isLost = this.#lost.get(key) === program
      if (isLost || here.some((each) => each.kind === kind)) this.#holds.set(key, description, true)
    }
    for (const { session } of here) session.close('stopped')
  }

  /** This program goes on after a restart: whoever published is about to come back. */
  expect(program: Program): void {
    for (const kind of PUBLISHER_KINDS) this.#lost.set(keyOf(program.roomId, kind), program)
  }

  /** What one of them sends cannot be taken, or what all of them do. */
  refuse(roomId: string, kind: PublisherKind | null, description: string): void {
    for (const each of this.#of(roomId)) {
      if (kind !== null && each.kind !== kind) continue
      this.#holds.set(keyOf(roomId, each.kind), description, false)
      each.session.refuse(description)
    }
  }

  /** Ends the connections to a program that is over: their encoders come back by themselves, and begin another. */
  release(program: Program): void {
    for (const each of [...this.#connected.values()])
      if (each.program === program) each.session.close('stopped')
    this.forget(program)
  }

  /** It is over, for whatever reason. */
  forget(program: Program): void {
    for (const [key, lostBy] of this.#lost) if (lostBy === program) this.#lost.delete(key)
  }

  /** Ends every connection. */
  close(): void {
    for (const { session } of [...this.#connected.values()]) session.close('stopped')
  }

  /** One of each kind: while the one that is there sends, a newcomer is held for a while, then refused; a dead one is replaced at once. */
  async #claim(roomId: string, kind: PublisherKind, session: RtmpSession): Promise<Publication | Refusal> {
    const key = keyOf(roomId, kind)
    const sinceMs = performance.now()
    for (;;) {
      // Looked at each time: the stream may be ended while somebody waits.
      const description = this.#holds.refusal(key)
      if (description !== null) return { description }
      const before = this.#connected.get(key)
      if (before && before.source.health.ailment !== null) before.session.close('replaced')
      // Nothing may come between looking and taking: two may be waiting.
      if (!before || before.source.health.ailment !== null) return this.#admit(roomId, kind, session)
      if (isRefused(performance.now() - sinceMs, before.source.health))
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
    this.#lost.delete(key)
    logger.info({ source: kind, address: session.remoteAddress }, 'publisher connected')
    return {
      receive: (tag: FlvTag) => source.receive(tag),
      overrun: () => source.overrun(),
      end: (reason: EndReason) => {
        logger.info({ source: kind, reason }, 'publisher gone')
        if (this.#connected.get(key) === publisher) this.#connected.delete(key)
        if (reason !== 'unpublished' && !program.isOver) this.#lost.set(key, program)
        program.disconnect(source, reason === 'unpublished' ? 'unpublished' : 'gone')
      },
    }
  }

  #of(roomId: string): (Publisher & { kind: PublisherKind })[] {
    const publishers = [...this.#connected.values()].filter((each) => each.roomId === roomId)
    return publishers.map((each) => ({ ...each, kind: each.source.kind }))
  }
}

function keyOf(roomId: string, kind: PublisherKind): string {
  return `${roomId}/${kind}`
}
