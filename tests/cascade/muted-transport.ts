/** A transport whose process can be made to stop: what it sends and receives from then on vanishes, and nobody is told. */
import type { Channel, Transport } from '../../cascade/transport.ts'

export class MutedTransport implements Transport {
  onClosed: Transport['onClosed'] = null
  readonly #inner: Transport
  #onMessage: Transport['onMessage'] = null
  #isMuted = false

  constructor(inner: Transport, onGone: () => void) {
    this.#inner = inner
    inner.onClosed = () => {
      onGone()
      if (!this.#isMuted) this.onClosed?.()
    }
  }

  get remoteFingerprint(): string {
    return this.#inner.remoteFingerprint
  }

  get isRelayed(): boolean {
    return this.#inner.isRelayed
  }

  get bufferedBytes(): number {
    return this.#inner.bufferedBytes
  }

  get onMessage(): Transport['onMessage'] {
    return this.#onMessage
  }

  set onMessage(listener: Transport['onMessage']) {
    this.#onMessage = listener
    this.#inner.onMessage = (channel, message) => {
      if (!this.#isMuted) this.#onMessage?.(channel, message)
    }
  }

  send(channel: Channel, message: Uint8Array): boolean {
    return this.#isMuted || this.#inner.send(channel, message)
  }

  mute(): void {
    this.#isMuted = true
  }

  close(): void {
    // A process that has stopped closes nothing; its removal does.
    if (!this.#isMuted) this.#inner.close()
  }
}
