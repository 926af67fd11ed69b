/** One RTMP connection, up to its end: acceptance before media, limits of size and silence, a refusal that says why. */
import type { Socket } from 'node:net'
import type { FlvTag, FlvTagType } from '../../media/flv-tag.ts'
import type { Standing } from './connection-table.ts'
import { MESSAGES_PER_SECOND, MessageBudget } from './message-budget.ts'
import { openNmsSession, type NmsInvoke, type NmsPacket, type NmsSession } from './nms-session.ts'

/** Who wants to publish, as the client says. `streamName` holds the key: it goes into no log. */
export interface PublishRequest {
  app: string
  streamName: string
  remoteAddress: string
}

export interface Publication {
  /** Media of an accepted publisher; the data belong to the receiver. */
  receive(tag: FlvTag): void
  /** So many messages that they are read no more: the receiver refuses the session, with its own words. */
  overrun(): void
  /** Called once: the publisher said goodbye, or the connection ended in whatever way. */
  end(reason: EndReason): void
}

export type EndReason = 'unpublished' | 'closed' | 'silent' | 'malformed' | 'replaced' | 'stopped' | 'refused'

export interface Refusal {
  /** Shown by OBS and in ffmpeg's log. */
  description: string
}

export interface RtmpSessionOptions {
  socket: Socket
  /** The publisher's, which is not the socket's where a proxy stands between. */
  remoteAddress: string
  /** Answers who may publish; no byte of media is read before it has. */
  authorise: (request: PublishRequest, session: RtmpSession) => Promise<Publication | Refusal>
  silenceLimitMs: number
  onProblem: (problem: string) => void
}

const RTMP_VERSION = 3
const TAG_TYPES: Record<number, FlvTagType> = { 8: 'audio', 9: 'video', 18: 'script' }
/** Commands fit in far less; a publisher that is not accepted has no use for more. */
const MAX_COMMAND_BYTES = 4096
/** A keyframe at 20 Mbit/s and more; the protocol would allow 16 MiB on each of 65,599 chunk streams. */
const MAX_MEDIA_BYTES = 8 * 1024 * 1024
/** The handshake and the commands up to publish take 4 KB. */
const MAX_BYTES_BEFORE_PUBLISH = 128 * 1024
const MAX_UNSENT_BYTES = 256 * 1024
/** How often bytes read are reported, against a client that waits for it (its window is 2.5 MB or more). */
const ACK_EVERY_BYTES = 1_000_000
/** A refused client gets this long to read why. */
const REFUSAL_LINGER_MS = 500

export class RtmpSession {
  readonly remoteAddress: string
  readonly #options: RtmpSessionOptions
  readonly #nms: NmsSession
  #state: 'connecting' | 'deciding' | 'publishing' | 'ended' = 'connecting'
  #publication: Publication | null = null
  #bytesRead = 0
  #bytesAcknowledged = 0
  #silence: NodeJS.Timeout
  #tags = 0
  readonly #budget = new MessageBudget()

  constructor(options: RtmpSessionOptions) {
    this.#options = options
    this.remoteAddress = options.remoteAddress
    this.#nms = openNmsSession(options.socket, {
      maxMessageBytes: (type) => this.#maxMessageBytes(type),
      onMessage: () => this.#count(),
    })
    // Media keeps this timer from running out, nothing else does: one byte a second is silence too.
    this.#silence = setTimeout(() => this.#suspectSilence(), options.silenceLimitMs)
    this.#bind()
    this.#nms.run()
  }

  /** How far it has come towards publishing; a key that is being looked at counts. */
  get standing(): Standing {
    if (this.#state === 'deciding' || this.#state === 'publishing') return 'publishing'
    return this.#bytesRead > 0 ? 'talking' : 'silent'
  }

  /** Ends a publication that turned out not to be acceptable: its encoder is told why before its connection ends. */
  refuse(description: string): void {
    if (this.#state !== 'ended') this.#refuse('NetStream.Publish.Rejected', description)
  }

  /** Ends the connection; idempotent. */
  close(reason: EndReason): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    clearTimeout(this.#silence)
    this.#publication?.end(reason)
    this.#publication = null
    const { socket } = this.#options
    if (reason !== 'refused' && reason !== 'replaced') {
      socket.destroy()
      return
    }
    socket.resume() // what it still sends goes nowhere, and must not reset the connection before the reason is read
    socket.end()
    const linger = setTimeout(() => socket.destroy(), REFUSAL_LINGER_MS)
    socket.once('close', () => clearTimeout(linger))
  }

  #bind(): void {
    const nms = this.#nms
    const { rtmp } = nms
    nms.onData = (data) => this.#read(data)
    nms.onClose = () => this.close('closed')
    nms.onError = () => this.close('closed')
    nms.onOutput = (data) => this.#write(data)
    nms.onPacket = (packet) => this.#receive(packet)
    rtmp.onPublish = (message) => void this.#publish(message)
    rtmp.onPlay = () =>
      this.#refuse(
        'NetStream.Play.Failed',
        'this port takes streams, it does not play them: open the watch page',
      )
    rtmp.onDeleteStream = () => this.close('unpublished')
  }

  #read(data: Buffer): void {
    if (this.#state === 'ended') return
    if (this.#bytesRead === 0 && data[0] !== RTMP_VERSION)
      return this.#malformed('the first byte is not RTMP version 3')
    this.#bytesRead += data.length
    if (this.#state === 'connecting' && this.#bytesRead > MAX_BYTES_BEFORE_PUBLISH)
      return this.#malformed(`${this.#bytesRead} bytes and no publish`)
    try {
      const problem = this.#nms.rtmp.parserData(data)
      if (problem !== null) return this.#malformed(problem)
    } catch (error) {
      return this.#malformed(error instanceof Error ? error.message : String(error))
    }
    if (this.#state === 'publishing' && this.#bytesRead - this.#bytesAcknowledged > ACK_EVERY_BYTES) {
      this.#bytesAcknowledged = this.#bytesRead
      this.#nms.rtmp.sendACK(this.#bytesRead >>> 0)
    }
  }

  /** After a pause of this process timers run before sockets are read: what has come meanwhile counts. */
  #suspectSilence(): void {
    const tags = this.#tags
    setImmediate(() => {
      if (tags === this.#tags) this.close('silent')
    })
  }

  #malformed(problem: string): void {
    if (this.#state === 'ended') return // the parser goes on with what came in the same piece
    this.#options.onProblem(problem)
    this.close('malformed')
  }

  #write(data: Buffer): void {
    const { socket } = this.#options
    if (!socket.writable) return
    if (socket.writableLength > MAX_UNSENT_BYTES) return this.close('malformed') // asks and never reads
    socket.write(data)
  }

  #receive(packet: NmsPacket): void {
    const type = TAG_TYPES[packet.codec_type]
    if (this.#state !== 'publishing' || !type || packet.size === 0) return
    this.#silence.refresh()
    this.#tags++
    // The parser uses its buffer again for the next message.
    const data = Uint8Array.from(packet.data.subarray(0, packet.size))
    this.#publication?.receive({ type, timestampMs: packet.dts >>> 0, data })
  }

  /** Of every kind, before any of it is read. Throws when there are too many, so that the rest of what has come is not read either. */
  #count(): void {
    if (this.#budget.take(performance.now())) return
    this.#publication?.overrun()
    throw new Error(`more than ${MESSAGES_PER_SECOND} messages a second`)
  }

  #maxMessageBytes(type: number): number {
    return this.#state === 'publishing' && type in TAG_TYPES ? MAX_MEDIA_BYTES : MAX_COMMAND_BYTES
  }

  async #publish(message: NmsInvoke): Promise<void> {
    const { rtmp } = this.#nms
    if (this.#state !== 'connecting') return this.#malformed('a second publish on one connection')
    if (rtmp.streamApp === undefined || typeof message.streamName !== 'string')
      return this.#malformed('publish without a name or before connect')
    rtmp.streamId = rtmp.parserPacket.header.stream_id
    this.#state = 'deciding'
    this.#options.socket.pause()
    const streamName = message.streamName.split('?')[0] ?? ''
    const request = { app: rtmp.streamApp, streamName, remoteAddress: this.remoteAddress }
    const answer = await this.#options.authorise(request, this).catch((): Refusal => {
      return { description: 'the server could not check the stream key, try again' }
    })
    if (this.#isEnded()) return 'receive' in answer ? answer.end('closed') : undefined
    if (!('receive' in answer)) return this.#refuse('NetStream.Publish.BadName', answer.description)
    this.#publication = answer
    this.#state = 'publishing'
    rtmp.streamName = 'stream' // what respondPublish echoes: never the key
    rtmp.respondPublish()
    this.#silence.refresh()
    this.#options.socket.resume()
  }

  #isEnded(): boolean {
    return this.#state === 'ended'
  }

  #refuse(code: string, description: string): void {
    const { rtmp } = this.#nms
    rtmp.sendStatusMessage(rtmp.streamId ?? rtmp.parserPacket.header.stream_id, 'error', code, description)
    this.close('refused')
  }
}
