import { beforeEach, describe, expect, it, vi } from 'vitest'
import { MAX_MESSAGE_BYTES } from '../../cascade/transport.ts'
import { joinChannels, memoryChannels, type MemoryChannelSet } from '../../tests/support/memory-channels.ts'
import { describeTransportContract } from '../../tests/contract/transport.ts'
import { OTHER_FINGERPRINT, VIEWER_FINGERPRINT } from '../../tests/support/cascade-trial.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { BrowserTransport } from './browser-transport.ts'

let near: MemoryChannelSet
let far: MemoryChannelSet
let opened: string[]
let a: BrowserTransport
let b: BrowserTransport

beforeEach(async () => {
  near = memoryChannels()
  far = memoryChannels()
  opened = []
  a = new BrowserTransport(near, { onOpen: () => opened.push('a') })
  b = new BrowserTransport(far, { onOpen: () => opened.push('b') })
  joinChannels(near, far)
  await vi.waitUntil(() => opened.length === 2)
})

describeTransportContract('data channels of a browser', async () => {
  const ends = [memoryChannels(), memoryChannels()] as const
  let waiting = 2
  const [a, b] = ends.map((channels) => new BrowserTransport(channels, { onOpen: () => waiting-- }))
  if (!a || !b) throw new Error('a link has two ends')
  joinChannels(...ends)
  await eventually(() => waiting === 0)
  a.remoteFingerprint = VIEWER_FINGERPRINT
  b.remoteFingerprint = OTHER_FINGERPRINT
  return { a, b, until: eventually, close: () => [a, b].forEach((end) => end.close()) }
})

function collect(transport: BrowserTransport): string[] {
  const heard: string[] = []
  transport.onMessage = (channel, message) => heard.push(`${channel} ${[...message].join()}`)
  return heard
}

describe('BrowserTransport', () => {
  it('keeps what comes before anybody listens, in its order', async () => {
    for (let k = 0; k < 5; k++) a.send('control', Uint8Array.of(k))
    await new Promise((resolve) => setTimeout(resolve, 5))
    const heard = collect(b)
    a.send('control', Uint8Array.of(5))
    await vi.waitUntil(() => heard.length === 6)
    expect(heard).toEqual([0, 1, 2, 3, 4, 5].map((k) => `control ${k}`))
  })

  it('refuses what a full queue would only delay', () => {
    near.media.bufferedAmount = 5e6
    expect(a.bufferedBytes).toBe(5e6)
    expect(a.send('media', Uint8Array.of(1))).toBe(false)
    expect(a.send('control', Uint8Array.of(1))).toBe(true)
  })

  it('does not hear what is larger than any message, nor text', async () => {
    const heard = collect(b)
    near.media.send(new Uint8Array(MAX_MESSAGE_BYTES + 1))
    far.media.onmessage?.call(
      far.media as unknown as RTCDataChannel,
      new MessageEvent('message', { data: 'text' }),
    )
    a.send('media', Uint8Array.of(7))
    await vi.waitUntil(() => heard.length > 0)
    expect(heard).toEqual(['media 7'])
  })
})
