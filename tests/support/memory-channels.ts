/** The data channels of one link without a network: what goes in at one end comes out at the other, in a later turn. */
import { CHANNELS, type Channel } from '../../cascade/transport.ts'
import type { ChannelSet, DataChannel } from '../../player/cascade/browser-transport.ts'

export class MemoryChannel implements DataChannel {
  readyState: DataChannel['readyState'] = 'connecting'
  binaryType: DataChannel['binaryType'] = 'arraybuffer'
  bufferedAmount = 0
  onopen: DataChannel['onopen'] = null
  onmessage: DataChannel['onmessage'] = null
  onclose: DataChannel['onclose'] = null
  far: MemoryChannel | null = null

  send(message: Uint8Array): void {
    if (this.readyState !== 'open') throw new DOMException('not open', 'InvalidStateError')
    const copy = message.slice().buffer
    const { far } = this
    this.bufferedAmount += message.length
    setTimeout(() => {
      this.bufferedAmount -= copy.byteLength
      if (far?.readyState === 'open') tell(far, far.onmessage, { data: copy })
    }, 0)
  }

  close(): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    const { far } = this
    setTimeout(() => {
      if (far?.readyState === 'closed') return
      far?.close()
      tell(far, far?.onclose ?? null, {})
    }, 0)
  }

  open(): void {
    if (this.readyState !== 'connecting') return
    this.readyState = 'open'
    tell(this, this.onopen, {})
  }
}

export type MemoryChannelSet = ChannelSet & Readonly<Record<Channel, MemoryChannel>>

export function memoryChannels(): MemoryChannelSet {
  return { control: new MemoryChannel(), heartbeat: new MemoryChannel(), media: new MemoryChannel() }
}

/** Makes two ends one link, which opens in a later turn. */
export function joinChannels(a: MemoryChannelSet, b: MemoryChannelSet): void {
  for (const name of CHANNELS) {
    a[name].far = b[name]
    b[name].far = a[name]
  }
  setTimeout(() => {
    for (const name of CHANNELS) {
      a[name].open()
      b[name].open()
    }
  }, 0)
}

function tell(self: unknown, listener: unknown, event: object): void {
  if (typeof listener === 'function') Reflect.apply(listener, self, [event])
}
