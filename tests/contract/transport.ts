/** The rules every transport keeps; run by each implementation's own test. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CHANNELS, MAX_MESSAGE_BYTES } from '../../cascade/transport.ts'
import type { Channel, Transport } from '../../cascade/transport.ts'

export interface TransportHarness {
  /** Two ends of one open connection. */
  a: Transport
  b: Transport
  /** Lets time pass until the condition holds; throws when it does not within some seconds. */
  until(holds: () => boolean): Promise<void>
  close(): Promise<void> | void
}

interface Heard {
  channel: Channel
  message: Uint8Array
}

/** Runs the contract against pairs made by `open`; each test has a fresh one. */
export function describeTransportContract(name: string, open: () => Promise<TransportHarness>): void {
  describe(`${name} keeps the transport's contract`, () => {
    let harness: TransportHarness
    beforeEach(async () => (harness = await open()))
    afterEach(() => harness.close())

    it('names the fingerprint of the other end', () => {
      const { a, b } = harness
      for (const { remoteFingerprint } of [a, b])
        expect(remoteFingerprint).toMatch(/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/)
      expect(a.remoteFingerprint).not.toBe(b.remoteFingerprint)
    })

    it('is not relayed where no relay is', () => {
      expect([harness.a.isRelayed, harness.b.isRelayed]).toEqual([false, false])
    })

    it('brings messages of every channel both ways, byte for byte', async () => {
      const { a, b, until } = harness
      const heard = [listen(a), listen(b)]
      const sent = CHANNELS.map((_, index) =>
        Uint8Array.from({ length: 100 + index }, (__, at) => at ^ index),
      )
      for (const end of [a, b])
        CHANNELS.forEach((channel, index) =>
          expect(end.send(channel, sent[index] ?? new Uint8Array())).toBe(true),
        )
      await until(() => heard.every((messages) => messages.length === CHANNELS.length))
      for (const messages of heard)
        CHANNELS.forEach((channel, index) => {
          const of = messages.filter((each) => each.channel === channel)
          expect(of.map(({ message }) => [...message])).toEqual([[...(sent[index] ?? [])]])
        })
    })

    it('keeps the order of control, and loses nothing of it', async () => {
      const heard = listen(harness.b)
      const numbers = Array.from({ length: 300 }, (_, index) => index)
      for (const number of numbers) expect(harness.a.send('control', numbered(number, 500))).toBe(true)
      await harness.until(() => heard.length === numbers.length)
      expect(heard.map(({ message }) => numberOf(message))).toEqual(numbers)
    })

    it('brings each message of media once', async () => {
      const heard = listen(harness.b)
      const numbers = Array.from({ length: 20 }, (_, index) => index)
      for (const number of numbers) harness.a.send('media', numbered(number, 16_000))
      await harness.until(() => heard.length === numbers.length)
      const inOrder = heard.map(({ message }) => numberOf(message)).toSorted((x, y) => x - y)
      expect(inOrder).toEqual(numbers)
    })

    it('takes a message of the largest size, and none above', async () => {
      const heard = listen(harness.b)
      expect(harness.a.send('media', new Uint8Array(MAX_MESSAGE_BYTES).fill(7))).toBe(true)
      for (const channel of CHANNELS)
        expect(harness.a.send(channel, new Uint8Array(MAX_MESSAGE_BYTES + 1)), channel).toBe(false)
      await harness.until(() => heard.length === 1)
      expect(heard[0]?.message.length).toBe(MAX_MESSAGE_BYTES)
      expect(heard[0]?.message.every((byte) => byte === 7)).toBe(true)
    })

    it('does not keep the buffer it was given: the sender may write into it again', async () => {
      const heard = listen(harness.b)
      const message = new Uint8Array(1000).fill(1)
      harness.a.send('control', message)
      message.fill(2)
      harness.a.send('control', message)
      await harness.until(() => heard.length === 2)
      expect(heard.map((each) => each.message[0])).toEqual([1, 2])
    })

    it('never delivers from inside send', async () => {
      const { a, b, until } = harness
      let isSending = false
      let answered = 0
      b.onMessage = (channel, message) => {
        expect(isSending).toBe(false)
        isSending = true
        b.send(channel, message)
        isSending = false
      }
      a.onMessage = () => {
        expect(isSending).toBe(false)
        answered++
      }
      isSending = true
      a.send('control', Uint8Array.of(1))
      isSending = false
      await until(() => answered === 1)
    })

    it('says how much of media waits, and that it went', async () => {
      const { a, b, until } = harness
      listen(b)
      expect(a.bufferedBytes).toBe(0)
      let most = 0
      for (let sent = 0; most === 0 && sent < 500; sent++) {
        a.send('media', new Uint8Array(16_000))
        most = Math.max(most, a.bufferedBytes)
      }
      expect(most).toBeGreaterThan(0)
      await until(() => a.bufferedBytes === 0)
    })

    it('brings no message and takes none after close', async () => {
      const { a, b, until } = harness
      const heard = listen(a)
      let isClosed = false
      b.onClosed = () => (isClosed = true)
      b.send('control', Uint8Array.of(1))
      a.close()
      a.close()
      for (const channel of CHANNELS) expect(a.send(channel, Uint8Array.of(2))).toBe(false)
      expect(a.bufferedBytes).toBe(0)
      await until(() => isClosed)
      expect(heard).toEqual([])
      expect(b.send('control', Uint8Array.of(3))).toBe(false)
      b.close()
    })

    it('tells each end once that it is over, not from inside close', async () => {
      const { a, b, until } = harness
      const ends = { a: 0, b: 0 }
      a.onClosed = () => ends.a++
      b.onClosed = () => ends.b++
      a.close()
      expect(ends.a).toBe(0)
      a.close()
      await until(() => ends.a > 0 && ends.b > 0)
      b.close()
      expect(ends).toEqual({ a: 1, b: 1 })
    })
  })
}

function listen(transport: Transport): Heard[] {
  const heard: Heard[] = []
  transport.onMessage = (channel, message) => heard.push({ channel, message: Uint8Array.from(message) })
  return heard
}

function numbered(number: number, bytes: number): Uint8Array {
  const message = new Uint8Array(bytes)
  new DataView(message.buffer).setUint32(0, number, true)
  return message
}

function numberOf(message: Uint8Array): number {
  return new DataView(message.buffer, message.byteOffset).getUint32(0, true)
}
