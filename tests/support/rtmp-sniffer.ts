/** Reads along what an RTMP publisher sends, message by message (Adobe RTMP 1.0, section 5.3): what really left, and when. */
import { PendingBytes } from '../../media/pending-bytes.ts'

export interface SniffedFrame {
  atMs: number
  timestampMs: number
  isKeyframe: boolean
}

interface ChunkStream {
  timestampMs: number
  isExtended: boolean
  delta: number
  length: number
  type: number
  received: number
  /** The first bytes, as far as anything is read of them. */
  head: number[]
}

const HANDSHAKE_BYTES = 1 + 2 * 1536
const SET_CHUNK_SIZE = 1
const VIDEO = 9
const HEAD_BYTES = 4
const HEADER_BYTES = [11, 7, 3, 0]

export class RtmpSniffer {
  readonly video: SniffedFrame[] = []
  readonly #pending = new PendingBytes()
  readonly #streams = new Map<number, ChunkStream>()
  #isShaken = false
  #chunkBytes = 128

  push(chunk: Uint8Array): void {
    this.#pending.append(chunk)
    if (!this.#isShaken) {
      if (this.#pending.length < HANDSHAKE_BYTES) return
      this.#pending.drop(HANDSHAKE_BYTES)
      this.#isShaken = true
    }
    while (this.#readChunk());
  }

  get firstKeyframeAtMs(): number | null {
    return this.video.find(({ isKeyframe }) => isKeyframe)?.atMs ?? null
  }

  /** False while it has not come whole. Chunk stream ids from 64 on are used by no encoder known here. */
  #readChunk(): boolean {
    const bytes = this.#pending.bytes
    const [basic] = bytes
    if (basic === undefined) return false
    const format = basic >> 6
    const headerBytes = HEADER_BYTES[format] ?? 0
    if (bytes.length < 1 + headerBytes + 4) return false
    const header = Buffer.from(bytes.subarray(1, 1 + headerBytes + 4))
    const stream = this.#streamOf(basic & 0x3f)
    const isExtended = format < 3 ? header.readUIntBE(0, 3) === 0xffffff : stream.isExtended
    const length = format < 2 ? header.readUIntBE(3, 3) : stream.length
    const received = format < 3 ? 0 : stream.received
    const payload = Math.min(this.#chunkBytes, length - received)
    const at = 1 + headerBytes + (isExtended ? 4 : 0)
    if (bytes.length < at + payload) return false
    if (received === 0) this.#begin(stream, format, header, isExtended)
    for (let n = 0; n < payload && stream.head.length < HEAD_BYTES; n++) stream.head.push(bytes[at + n] ?? 0)
    stream.received += payload
    this.#pending.drop(at + payload)
    if (stream.received >= stream.length) this.#finish(stream)
    return true
  }

  #begin(stream: ChunkStream, format: number, header: Buffer, isExtended: boolean): void {
    stream.received = 0
    stream.head = []
    stream.isExtended = isExtended
    const at = HEADER_BYTES[format] ?? 0
    const time = format > 2 ? stream.delta : isExtended ? header.readUInt32BE(at) : header.readUIntBE(0, 3)
    if (format < 2) [stream.length, stream.type] = [header.readUIntBE(3, 3), header.readUInt8(6)]
    if (format === 0) [stream.timestampMs, stream.delta] = [time, 0]
    else [stream.timestampMs, stream.delta] = [stream.timestampMs + time, time]
  }

  #finish(stream: ChunkStream): void {
    const [first = 0, second = 0] = stream.head
    if (stream.type === SET_CHUNK_SIZE) this.#chunkBytes = Buffer.from(stream.head).readUInt32BE()
    // AVC NALUs, neither the configuration nor the end of the sequence.
    if (stream.type === VIDEO && (first & 0x0f) === 7 && second === 1)
      this.video.push({ atMs: Date.now(), timestampMs: stream.timestampMs, isKeyframe: first >> 4 === 1 })
    stream.received = 0
    stream.head = []
  }

  #streamOf(id: number): ChunkStream {
    const known = this.#streams.get(id)
    if (known) return known
    const made = { timestampMs: 0, isExtended: false, delta: 0, length: 0, type: 0, received: 0, head: [] }
    this.#streams.set(id, made)
    return made
  }
}
