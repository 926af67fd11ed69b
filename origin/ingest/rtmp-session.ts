/**
 * One RTMP connection, up to its end. The only file that knows node-media-server, pinned to 4.4.3: its parser and its
 * answers are used, its decisions are not. What it leaves open is closed here: acceptance before media, sizes, silence.
 */
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import type { FlvTag, FlvTagType } from '../../media/flv-tag.ts'

/** Who wants to publish, as the client says. `streamName` holds the key: it goes into no log. */
export interface PublishRequest {
  app: string
  streamName: string
  remoteAddress: string
}

export interface Publication {
  /** Media of an accepted publisher; the data belong to the receiver. */
  receive(tag: FlvTag): void
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
  /** Answers who may publish; no byte of media is read before it has. */
  authorise: (request: PublishRequest, session: RtmpSession) => Promise<Publication | Refusal>
  silenceLimitMs: number
  onProblem: (problem: string) => void
}

interface NmsPacket {
  codec_type: number
  dts: number
  size: number
  data: Buffer
}

interface NmsInvoke {
  cmd?: unknown
  transId?: unknown
  streamName?: unknown
  cmdObj?: { tcUrl?: unknown; app?: unknown } | null
}

/** The parts of node-media-server's `Rtmp` that are called or replaced here. */
interface NmsRtmp {
  streamApp?: string
  streamName?: string
  streamId?: number
  inChunkSize: number
  inPackets: Map<number, unknown>
  parserPacket: {
    clock: number
    /** Of its message, so far. */
    bytes: number
    payload: Buffer
    header: { length: number; type: number; stream_id: number }
  }
  parserData(data: Buffer): string | null
  chunkMessageHeaderRead(): number
  packetAlloc(): void
  controlHandler(): void
  dataHandler(): void
  onConnect(message: NmsInvoke): void
  onPublish(message: NmsInvoke): void
  onPlay(message: NmsInvoke): void
  onDeleteStream(message: NmsInvoke): void
  respondPublish(): void
  sendACK(bytes: number): void
  sendStatusMessage(streamId: number, level: string, code: string, description: string): void
}

interface NmsSession {
  rtmp: NmsRtmp
  onData: (data: Buffer) => void
  onClose: () => void
  onError: (error: Error) => void
  onOutput: (data: Buffer) => void
  onPacket: (packet: NmsPacket) => void
  run: () => void
}

const require = createRequire(import.meta.url)
const NmsRtmpSession = require('node-media-server/src/session/rtmp_session.js') as new (
  socket: Socket,
) => NmsSession
const nmsLogger = require('node-media-server/src/core/logger.js') as {
  level: string
  log: (message: string) => void
}
nmsLogger.log = () => {} // it writes to standard output, keys included

const RTMP_VERSION = 3
const TAG_TYPES: Record<number, FlvTagType> = { 8: 'audio', 9: 'video', 18: 'script' }
const SET_CHUNK_SIZE = 1
const MAX_CHUNK_BYTES = 0xffffff
/** Commands fit in far less; a publisher that is not accepted has no use for more. */
const MAX_COMMAND_BYTES = 4096
/** A keyframe at 20 Mbit/s and more; the protocol would allow 16 MiB on each of 65,599 chunk streams. */
const MAX_MEDIA_BYTES = 8 * 1024 * 1024
const MAX_CHUNK_STREAMS = 16
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

  constructor(options: RtmpSessionOptions) {
    this.#options = options
    this.remoteAddress = options.socket.remoteAddress ?? 'unknown'
    this.#nms = new NmsRtmpSession(options.socket)
    // Media keeps this timer from running out, nothing else does: one byte a second is silence too.
    this.#silence = setTimeout(() => this.#suspectSilence(), options.silenceLimitMs)
    this.#bind()
    this.#nms.run()
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
    const original = {
      chunkMessageHeaderRead: rtmp.chunkMessageHeaderRead.bind(rtmp),
      packetAlloc: rtmp.packetAlloc.bind(rtmp),
      controlHandler: rtmp.controlHandler.bind(rtmp),
      dataHandler: rtmp.dataHandler.bind(rtmp),
      onConnect: rtmp.onConnect.bind(rtmp),
    }
    rtmp.chunkMessageHeaderRead = () => {
      const { bytes, header } = rtmp.parserPacket
      const before = header.length
      const read = original.chunkMessageHeaderRead()
      // A shorter length in the middle of a message makes the parser go back in its input.
      if (bytes > 0 && header.length !== before)
        throw new Error(`message of ${before} bytes becomes one of ${header.length}`)
      return read
    }
    rtmp.packetAlloc = () => {
      this.#checkMessage(rtmp)
      original.packetAlloc()
    }
    rtmp.controlHandler = () => {
      checkControl(rtmp)
      original.controlHandler()
    }
    rtmp.dataHandler = () => {
      if (rtmp.parserPacket.header.length > 0) original.dataHandler() // some encoders send empty media, which it cannot read
    }
    rtmp.onConnect = (message) => {
      checkConnect(message)
      original.onConnect(message)
    }
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

  #checkMessage(rtmp: NmsRtmp): void {
    const { header } = rtmp.parserPacket
    const isMedia = this.#state === 'publishing' && header.type in TAG_TYPES
    const limit = isMedia ? MAX_MEDIA_BYTES : MAX_COMMAND_BYTES
    if (header.length > limit) throw new Error(`message of ${header.length} bytes, at most ${limit}`)
    if (rtmp.inPackets.size > MAX_CHUNK_STREAMS)
      throw new Error(`more than ${MAX_CHUNK_STREAMS} chunk streams`)
    // node-media-server drops everything once its clock has passed 32 bits (49.7 days): RTMP's clock wraps.
    if (rtmp.parserPacket.clock > 0xffffffff) rtmp.parserPacket.clock %= 0x100000000
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

/** An empty or absurd SetChunkSize ends the process or hangs the parser of node-media-server. */
function checkControl(rtmp: NmsRtmp): void {
  const { header, payload } = rtmp.parserPacket
  if (header.length < 4) throw new Error(`control message of ${header.length} bytes, at least 4`)
  if (header.type !== SET_CHUNK_SIZE) return
  const size = payload.readUInt32BE(0)
  if (size < 1 || size > MAX_CHUNK_BYTES) throw new Error(`chunk size ${size}, 1 to ${MAX_CHUNK_BYTES}`)
}

/** node-media-server parses `tcUrl` unguarded and echoes `app`. */
function checkConnect(message: NmsInvoke): void {
  const { tcUrl, app } = message.cmdObj ?? {}
  if (typeof tcUrl !== 'string' || !URL.canParse(tcUrl)) throw new Error('connect without a valid tcUrl')
  if (typeof app !== 'string' || app.length > 128) throw new Error('connect without a valid app')
}
