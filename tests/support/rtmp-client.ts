/** An RTMP publisher small enough to misbehave: every message by hand (Adobe RTMP 1.0, sections 5 to 7). */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { decodeAmf0, type AmfValue } from '../../media/amf0.ts'
import type { FlvTag } from '../../media/flv-tag.ts'
import { eventually } from './eventually.ts'

export interface MessageOptions {
  chunkStream?: number
  streamId?: number
  timestampMs?: number
  /** What the header claims, where it is not the payload's length. */
  length?: number
}

export const SET_CHUNK_SIZE = 1
export const COMMAND = 20
const HANDSHAKE_BYTES = 1536
const TYPES = { audio: 8, video: 9, script: 18 }
const LARGE_CHUNKS = 60_000

export class RtmpClient {
  readonly socket: Socket
  /** Every command the server sent: its name and what follows. */
  readonly answers: AmfValue[][] = []
  isClosed = false
  #received = Buffer.alloc(0)
  #isShaken = false
  #chunkBytes = 128

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', () => {}) // the server may cut us off: that is what tests are about
    socket.on('close', () => (this.isClosed = true))
  }

  static async open(port: number): Promise<RtmpClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new RtmpClient(socket)
  }

  /** Open, shaken hands, connected, with a stream. */
  static async ready(port: number, app = 'live'): Promise<RtmpClient> {
    const client = await RtmpClient.open(port)
    await client.handshake()
    client.connect(app)
    client.command('createStream', 4, [null])
    await eventually(() => client.answers.length >= 2 || client.isClosed)
    return client
  }

  /** As `ready`, and publishing; throws what the server answers when it refuses. */
  static async publisher(port: number, name: string): Promise<RtmpClient> {
    const client = await RtmpClient.ready(port)
    client.publish(name)
    await eventually(() => client.status !== null || client.isClosed)
    if (client.status?.code !== 'NetStream.Publish.Start')
      throw new Error(`refused: ${client.status?.code} ${client.status?.description}`)
    client.setChunkSize(LARGE_CHUNKS)
    return client
  }

  /** The last onStatus. */
  get status(): { level: string; code: string; description: string } | null {
    const info = this.answers.findLast(([name]) => name === 'onStatus')?.[3]
    if (info === null || typeof info !== 'object' || Array.isArray(info)) return null
    return {
      level: String(info['level']),
      code: String(info['code']),
      description: String(info['description']),
    }
  }

  async handshake(): Promise<void> {
    this.write(Buffer.concat([Buffer.of(3), Buffer.alloc(HANDSHAKE_BYTES)]))
    await eventually(() => this.#received.length > 2 * HANDSHAKE_BYTES || this.isClosed)
    this.#received = this.#received.subarray(1 + 2 * HANDSHAKE_BYTES)
    this.#isShaken = true
    this.write(Buffer.alloc(HANDSHAKE_BYTES))
  }

  connect(app = 'live', tcUrl = `rtmp://127.0.0.1/${app}`): void {
    this.command('connect', 1, [{ app, tcUrl, type: 'nonprivate' }])
  }

  publish(name: string): void {
    this.command('publish', 5, [null, name, 'live'], 1)
  }

  command(name: string, transactionId: number, values: readonly AmfValue[], streamId = 0): void {
    this.write(this.message(COMMAND, encodeValues([name, transactionId, ...values]), { streamId }))
  }

  media(tag: FlvTag, chunkStream = tag.type === 'audio' ? 4 : 6): void {
    const options = { chunkStream, streamId: 1, timestampMs: tag.timestampMs }
    this.write(this.message(TYPES[tag.type], Buffer.from(tag.data), options))
  }

  setChunkSize(bytes: number): void {
    const payload = Buffer.alloc(4)
    payload.writeUInt32BE(bytes)
    this.write(this.message(SET_CHUNK_SIZE, payload, { chunkStream: 2 }))
    this.#chunkBytes = bytes
  }

  write(bytes: Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes)
  }

  /** One message in chunks: a header of type 0, continued by type 3. */
  message(type: number, payload: Buffer, options: MessageOptions = {}): Buffer {
    const { chunkStream = 3, streamId = 0, timestampMs = 0, length = payload.length } = options
    const isExtended = timestampMs >= 0xffffff
    const header = Buffer.alloc(11)
    header.writeUIntBE(isExtended ? 0xffffff : timestampMs, 0, 3)
    header.writeUIntBE(length, 3, 3)
    header.writeUInt8(type, 6)
    header.writeUInt32LE(streamId, 7)
    const extended = Buffer.alloc(isExtended ? 4 : 0)
    if (isExtended) extended.writeUInt32BE(timestampMs >>> 0)
    const chunks = [basicHeader(0, chunkStream), header, extended, payload.subarray(0, this.#chunkBytes)]
    for (let at = this.#chunkBytes; at < payload.length; at += this.#chunkBytes)
      chunks.push(basicHeader(3, chunkStream), extended, payload.subarray(at, at + this.#chunkBytes))
    return Buffer.concat(chunks)
  }

  end(): void {
    this.socket.destroy()
  }

  /** Resolves when the server has closed the connection. */
  async closed(limitMs?: number): Promise<void> {
    await eventually(() => this.isClosed, limitMs)
  }

  #read(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    if (this.#isShaken) this.#readMessages()
  }

  /** The server's chunks are larger than anything it says, and each has a header of type 0. */
  #readMessages(): void {
    while (this.#received.length >= 12) {
      const length = this.#received.readUIntBE(4, 3)
      if (this.#received.length < 12 + length) return
      const payload = this.#received.subarray(12, 12 + length)
      if (this.#received[7] === COMMAND) this.answers.push(decodeAmf0(payload))
      this.#received = this.#received.subarray(12 + length)
    }
  }
}

function basicHeader(format: number, chunkStream: number): Buffer {
  if (chunkStream < 64) return Buffer.of((format << 6) | chunkStream)
  if (chunkStream < 320) return Buffer.of(format << 6, chunkStream - 64)
  return Buffer.of((format << 6) | 1, (chunkStream - 64) & 0xff, (chunkStream - 64) >> 8)
}

/** AMF0, as far as commands need it. */
export function encodeValues(values: readonly AmfValue[]): Buffer {
  return Buffer.concat(values.map(encodeValue))
}

function encodeValue(value: AmfValue): Buffer {
  if (value === null) return Buffer.of(5)
  if (typeof value === 'boolean') return Buffer.of(1, value ? 1 : 0)
  if (typeof value === 'string') return Buffer.concat([Buffer.of(2), encodeText(value)])
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9)
    bytes.writeDoubleBE(value, 1)
    return bytes
  }
  const properties = Object.entries(value).flatMap(([key, each]) => [encodeText(key), encodeValue(each)])
  return Buffer.concat([Buffer.of(3), ...properties, Buffer.of(0, 0, 9)])
}

function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes])
}
