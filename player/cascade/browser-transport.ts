/** Three data channels of one RTCPeerConnection as a `Transport`: on the page, or in the worker they were transferred to. */
import { CHANNELS, MAX_MESSAGE_BYTES, type Channel, type Transport } from '../../cascade/transport.ts'

/** What is needed of an RTCDataChannel. */
export type DataChannel = Pick<
  RTCDataChannel,
  'readyState' | 'bufferedAmount' | 'binaryType' | 'close' | 'onopen' | 'onmessage' | 'onclose'
> & { send(message: Uint8Array<ArrayBuffer>): void }

export interface TransportWatch {
  /** told once, when all three channels are open */
  onOpen: () => void
  /** told once, when nothing will come any more */
  onEnd?: () => void
}

export type ChannelSet = Readonly<Record<Channel, DataChannel>>

/** What comes between the opening of a link and its being given to the engine: a greeting, and what overtakes it. */
const MAX_EARLY_MESSAGES = 64
/** The engine withdraws stripes far below this; browsers close a channel at 16 MiB. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024

export class BrowserTransport implements Transport {
  remoteFingerprint = ''
  isRelayed = false
  onClosed: (() => void) | null = null
  readonly #channels: ChannelSet
  readonly #onEnd: () => void
  #onMessage: Transport['onMessage'] = null
  #early: [Channel, Uint8Array][] = []
  #isClosed = false

  constructor(channels: ChannelSet, { onOpen, onEnd }: TransportWatch) {
    this.#channels = channels
    this.#onEnd = onEnd ?? (() => undefined)
    let waiting = CHANNELS.length
    for (const name of CHANNELS) {
      const channel = channels[name]
      channel.binaryType = 'arraybuffer'
      const open = (): void => {
        channel.onopen = null
        if (--waiting === 0 && !this.#isClosed) onOpen()
      }
      if (channel.readyState === 'open') queueMicrotask(open)
      else channel.onopen = open
      channel.onmessage = ({ data }: MessageEvent<unknown>) => this.#hear(name, data)
      channel.onclose = () => this.close()
    }
  }

  get bufferedBytes(): number {
    return this.#isClosed ? 0 : this.#channels.media.bufferedAmount
  }

  get onMessage(): Transport['onMessage'] {
    return this.#onMessage
  }

  set onMessage(listener: Transport['onMessage']) {
    this.#onMessage = listener
    if (listener) queueMicrotask(() => this.#flush())
  }

  send(channel: Channel, message: Uint8Array): boolean {
    const to = this.#channels[channel]
    if (this.#isClosed || to.readyState !== 'open' || message.length > MAX_MESSAGE_BYTES) return false
    if (to.bufferedAmount > MAX_BUFFERED_BYTES) return false
    try {
      to.send(message as Uint8Array<ArrayBuffer>)
      return true
    } catch {
      return false
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#early = []
    for (const name of CHANNELS) {
      const channel = this.#channels[name]
      channel.onopen = channel.onmessage = channel.onclose = null
      channel.close()
    }
    queueMicrotask(() => {
      this.onClosed?.()
      this.#onEnd()
    })
  }

  #hear(channel: Channel, data: unknown): void {
    // the other end is no browser of ours: text, or more than a chunk
    if (!(data instanceof ArrayBuffer) || data.byteLength > MAX_MESSAGE_BYTES) return
    const message = new Uint8Array(data)
    if (this.#onMessage && this.#early.length === 0) return this.#onMessage(channel, message)
    if (this.#early.length < MAX_EARLY_MESSAGES) this.#early.push([channel, message])
  }

  #flush(): void {
    while (this.#onMessage) {
      const [channel, message] = this.#early.shift() ?? []
      if (!channel || !message) return
      this.#onMessage(channel, message)
    }
  }
}
