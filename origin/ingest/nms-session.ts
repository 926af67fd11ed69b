/**
 * node-media-server's RTMP session, pinned to 4.4.3: its handshake, parser and answers are used, its decisions are not.
 * The only file that knows it. What in it ends the process, hangs or grows without bound is guarded here.
 */
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'

export interface NmsPacket {
  codec_type: number
  dts: number
  size: number
  data: Buffer
}

export interface NmsInvoke {
  cmd?: unknown
  transId?: unknown
  streamName?: unknown
  cmdObj?: { tcUrl?: unknown; app?: unknown } | null
}

/** The parts of node-media-server's `Rtmp` that are called or replaced here. */
export interface NmsRtmp {
  streamApp?: string
  streamName?: string
  streamId?: number
  inChunkSize: number
  inPackets: Map<number, { payload: Buffer }>
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
  packetHandler(): void
  controlHandler(): void
  invokeHandler(): void
  dataHandler(): void
  onConnect(message: NmsInvoke): void
  onPublish(message: NmsInvoke): void
  onPlay(message: NmsInvoke): void
  onDeleteStream(message: NmsInvoke): void
  respondPublish(): void
  sendACK(bytes: number): void
  sendStatusMessage(streamId: number, level: string, code: string, description: string): void
}

export interface NmsSession {
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

const SET_CHUNK_SIZE = 1
const MAX_CHUNK_BYTES = 0xffffff
const MAX_CHUNK_STREAMS = 16
/** A command in AMF3 begins with a byte of its own, then comes AMF0 all the same. */
const COMMAND_AMF3 = 17
const AMF0_STRING = 2
/** Other ways to say what `deleteStream` says; some encoders send nothing else before they hang up. */
const GOODBYES = ['FCUnpublish', 'closeStream']
/** Of messages under way on all chunk streams together: one large picture, and what is interleaved with it. */
const MAX_BYTES_UNDER_WAY = 16 * 1024 * 1024

export interface MessageGuard {
  /** Asked before memory is taken for a message of a type. */
  maxMessageBytes: (type: number) => number
  /** A message is whole, and not read yet; may throw. */
  onMessage: () => void
}

/** A session on a socket, not running yet. Its parser throws. */
export function openNmsSession(socket: Socket, guard: MessageGuard): NmsSession {
  const session = new NmsRtmpSession(socket)
  guardMessages(session.rtmp, guard)
  guardCommands(session.rtmp)
  return session
}

function guardMessages(rtmp: NmsRtmp, { maxMessageBytes, onMessage }: MessageGuard): void {
  const packetHandler = rtmp.packetHandler.bind(rtmp)
  rtmp.packetHandler = () => {
    onMessage()
    packetHandler()
  }
  const chunkMessageHeaderRead = rtmp.chunkMessageHeaderRead.bind(rtmp)
  rtmp.chunkMessageHeaderRead = () => {
    const { bytes, header } = rtmp.parserPacket
    const before = header.length
    const read = chunkMessageHeaderRead()
    // A shorter length in the middle of a message makes the parser go back in its input.
    if (bytes > 0 && header.length !== before)
      throw new Error(`message of ${before} bytes becomes one of ${header.length}`)
    return read
  }
  const packetAlloc = rtmp.packetAlloc.bind(rtmp)
  rtmp.packetAlloc = () => {
    const { header } = rtmp.parserPacket
    const limit = maxMessageBytes(header.type)
    if (header.length > limit) throw new Error(`message of ${header.length} bytes, at most ${limit}`)
    if (rtmp.inPackets.size > MAX_CHUNK_STREAMS)
      throw new Error(`more than ${MAX_CHUNK_STREAMS} chunk streams`)
    const others = [...rtmp.inPackets.values()].filter((packet) => packet !== rtmp.parserPacket)
    const held = others.reduce((sum, { payload }) => sum + payload.length, header.length)
    if (held > MAX_BYTES_UNDER_WAY)
      throw new Error(`messages of ${held} bytes under way, at most ${MAX_BYTES_UNDER_WAY}`)
    // It drops everything once its clock has passed 32 bits (49.7 days): RTMP's clock wraps.
    if (rtmp.parserPacket.clock > 0xffffffff) rtmp.parserPacket.clock %= 0x100000000
    packetAlloc()
  }
}

function guardCommands(rtmp: NmsRtmp): void {
  const controlHandler = rtmp.controlHandler.bind(rtmp)
  rtmp.controlHandler = () => {
    checkControl(rtmp)
    controlHandler()
  }
  const invokeHandler = rtmp.invokeHandler.bind(rtmp)
  rtmp.invokeHandler = () => {
    if (GOODBYES.includes(commandName(rtmp))) rtmp.onDeleteStream({})
    else invokeHandler()
  }
  const dataHandler = rtmp.dataHandler.bind(rtmp)
  rtmp.dataHandler = () => {
    if (rtmp.parserPacket.header.length > 0) dataHandler() // some encoders send empty media, which it cannot read
  }
  const onConnect = rtmp.onConnect.bind(rtmp)
  rtmp.onConnect = (message) => {
    checkConnect(message)
    onConnect(message)
  }
}

/** Empty where it cannot be read: then its parser says so. */
function commandName({ parserPacket: { header, payload } }: NmsRtmp): string {
  const at = header.type === COMMAND_AMF3 ? 1 : 0
  if (header.length < at + 3 || payload[at] !== AMF0_STRING) return ''
  const end = Math.min(at + 3 + payload.readUInt16BE(at + 1), header.length)
  return payload.toString('latin1', at + 3, end)
}

/** An empty or absurd SetChunkSize ends the process or hangs the parser. */
function checkControl(rtmp: NmsRtmp): void {
  const { header, payload } = rtmp.parserPacket
  if (header.length < 4) throw new Error(`control message of ${header.length} bytes, at least 4`)
  if (header.type !== SET_CHUNK_SIZE) return
  const size = payload.readUInt32BE(0)
  if (size < 1 || size > MAX_CHUNK_BYTES) throw new Error(`chunk size ${size}, 1 to ${MAX_CHUNK_BYTES}`)
}

/** It parses `tcUrl` unguarded and echoes `app`. */
function checkConnect(message: NmsInvoke): void {
  const { tcUrl, app } = message.cmdObj ?? {}
  if (typeof tcUrl !== 'string' || !URL.canParse(tcUrl)) throw new Error('connect without a valid tcUrl')
  if (typeof app !== 'string' || app.length > 128) throw new Error('connect without a valid app')
}
