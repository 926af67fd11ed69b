/** A viewer of FLV on a bare socket, so that it can stop reading and say exactly what it was sent. */

import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { FlvTag } from '../../media/flv-stream.ts'
import { decodeStream } from './flv-script.ts'

export class FlvViewer {
  readonly #socket: Socket
  readonly #chunks: Buffer[] = []
  isClosed = false

  constructor(port: number, path: string) {
    this.#socket = connect({ port, host: '127.0.0.1' })
    this.#socket.on('data', (chunk) => this.#chunks.push(chunk))
    this.#socket.on('error', () => undefined)
    this.#socket.on('close', () => (this.isClosed = true))
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: edge\r\n\r\n`)
  }

  get status(): number {
    return Number(/^HTTP\/1\.1 (\d+)/.exec(this.#text().toString('latin1'))?.[1] ?? 0)
  }

  get body(): Buffer {
    const all = this.#text()
    const at = all.indexOf('\r\n\r\n')
    return at < 0 ? Buffer.alloc(0) : all.subarray(at + 4)
  }

  get bytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  }

  tags(): FlvTag[] {
    return this.body.length < 13 ? [] : decodeStream(this.body)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.destroy()
  }

  #text(): Buffer {
    return Buffer.concat(this.#chunks)
  }
}
