/**
 * The cascade's transport over a node-datachannel connection. Nothing it is called with may throw into native code: an exception
 * in a callback of the library's ends the process.
 */
import type { DataChannel, PeerConnection } from 'node-datachannel'
import { CHANNELS, MAX_MESSAGE_BYTES } from '../../cascade/transport.ts'
import type { Channel, Transport } from '../../cascade/transport.ts'

export interface DataChannelTransportOptions {
  connection: PeerConnection
  channels: Readonly<Record<Channel, DataChannel>>
  /** Closes the connection and lets go of it. */
  release: () => void
  /** An exception of whoever was called: a bug of ours. */
  onFault: (error: unknown) => void
}

/** More than this in the library's own queue, and the network takes nothing: a parent would be sending to nobody. */
const MAX_QUEUED_BYTES = 4 * 1024 * 1024

export class DataChannelTransport implements Transport {
  /** Known from when the channels are open. */
  remoteFingerprint = ''
  onClosed: (() => void) | null = null
  readonly #options: DataChannelTransportOptions
  readonly #early: EarlyMessages = new EarlyMessages()
  #onMessage: Transport['onMessage'] = null
  #isClosed = false
  #isRelayed = false

  constructor(options: DataChannelTransportOptions) {
    this.#options = options
  }

  get onMessage(): Transport['onMessage'] {
    return this.#onMessage
  }

  /** What came before there was a listener is told soon, never from inside this assignment. */
  set onMessage(listener: Transport['onMessage']) {
    this.#onMessage = listener
    if (listener === null || this.#early.isEmpty) return
    queueMicrotask(() => {
      for (const [channel, message] of this.#early.take()) this.#deliver(channel, message)
    })
  }

  /** The pair of candidates can change while a connection lives. */
  get isRelayed(): boolean {
    if (!this.#isClosed) this.#isRelayed = isRelayed(this.#options.connection)
    return this.#isRelayed
  }

  get bufferedBytes(): number {
    return this.#isClosed ? 0 : bufferedBytes(this.#options.channels.media)
  }

  send(channel: Channel, message: Uint8Array): boolean {
    if (this.#isClosed || message.length === 0 || message.length > MAX_MESSAGE_BYTES) return false
    const target = this.#options.channels[channel]
    if (bufferedBytes(target) + message.length > MAX_QUEUED_BYTES) return false
    try {
      // False says only that the message waits in the library's queue.
      target.sendMessageBinary(message)
      return true
    } catch {
      return false
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#early.take()
    this.#options.release()
    queueMicrotask(() => this.#guard(() => this.onClosed?.()))
  }

  /** For the connection: what a channel brought. */
  receive(channel: Channel, message: Uint8Array): void {
    if (this.#isClosed) return
    if (this.#onMessage !== null && this.#early.isEmpty) this.#deliver(channel, message)
    else if (!this.#early.add(channel, message)) this.close()
  }

  #deliver(channel: Channel, message: Uint8Array): void {
    if (!this.#isClosed) this.#guard(() => this.#onMessage?.(channel, message))
  }

  #guard(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#options.onFault(error)
    }
  }
}

/** Messages that came before anyone listened, a bounded few: the other end may have been told earlier that the link is open. */
class EarlyMessages {
  #messages: [Channel, Uint8Array][] = []

  get isEmpty(): boolean {
    return this.#messages.length === 0
  }

  add(channel: Channel, message: Uint8Array): boolean {
    if (this.#messages.length >= MAX_EARLY_MESSAGES) return false
    this.#messages.push([channel, message])
    return true
  }

  take(): [Channel, Uint8Array][] {
    return this.#messages.splice(0)
  }
}

const MAX_EARLY_MESSAGES = 64

function bufferedBytes(channel: DataChannel): number {
  try {
    return channel.bufferedAmount()
  } catch {
    return 0
  }
}

function isRelayed(connection: PeerConnection): boolean {
  try {
    const pair = connection.getSelectedCandidatePair()
    return pair !== null && (pair.local.type === 'relay' || pair.remote.type === 'relay')
  } catch {
    return false
  }
}

/** Every channel's messages and end, told to `on`. */
export function listenTo(
  channels: Readonly<Record<Channel, DataChannel>>,
  on: { open(): void; message(channel: Channel, message: Uint8Array): void; closed(): void },
): void {
  for (const name of CHANNELS) {
    const channel = channels[name]
    channel.onOpen(() => on.open())
    channel.onClosed(() => on.closed())
    channel.onError(() => undefined)
    channel.onMessage((message) => {
      if (typeof message === 'string') return
      on.message(name, message instanceof Uint8Array ? message : new Uint8Array(message))
    })
  }
}
