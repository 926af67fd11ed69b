/** A socket without a network: what is written to it is counted, what its peer says is handed in. */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

export class MemorySocket extends Duplex {
  readonly remoteAddress = 'memory'
  readonly remotePort = 0
  writtenBytes = 0

  constructor() {
    super({ allowHalfOpen: false })
    this.on('error', () => {})
  }

  /** As what takes a socket wants it: of all that one has, only this is used there. */
  get asSocket(): Socket {
    return this as unknown as Socket
  }

  /** The peer says this; nothing once it is closed. */
  say(bytes: Uint8Array): void {
    if (!this.destroyed && !this.readableEnded) this.push(Buffer.from(bytes))
  }

  /** The peer hangs up. */
  hangUp(): void {
    if (!this.destroyed) this.push(null)
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.writtenBytes += chunk.length
    done()
  }
}
