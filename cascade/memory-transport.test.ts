import { expect, test } from 'vitest'
import { describeTransportContract } from '../tests/contract/transport.ts'
import { EventQueue } from '../tests/sim/event-queue.ts'
import { seededRandom } from '../tests/sim/random.ts'
import { memoryPair, type MemoryLinkOptions, type MemoryTransport } from './memory-transport.ts'

const HELLO = Uint8Array.of(1, 2, 3)

function stage(options: MemoryLinkOptions = {}): {
  clock: EventQueue
  near: MemoryTransport
  far: MemoryTransport
  log: string[]
} {
  const clock = new EventQueue()
  const [near, far] = memoryPair(clock, options)
  const log: string[] = []
  far.onMessage = (channel, message) => log.push(`${clock.now()} ${channel} ${message.join()}`)
  far.onClosed = () => log.push(`${clock.now()} closed`)
  return { clock, near, far, log }
}

test('a message comes after the delay, never from inside send, and as it was when it was sent', () => {
  const { clock, near, log } = stage({ delayMs: 20 })
  const message = HELLO.slice()
  expect(near.send('media', message)).toBe(true)
  message.fill(9)
  clock.runFor(19)
  expect(log).toEqual([])
  clock.runFor(1)
  expect(log).toEqual(['20 media 1,2,3'])
})

test('without delay a message still comes after send has returned', () => {
  const { clock, near, log } = stage()
  near.send('control', HELLO)
  expect(log).toEqual([])
  clock.runFor(0)
  expect(log).toEqual(['0 control 1,2,3'])
})

test('both ends are told once of a close, the far one after the delay', () => {
  const { clock, near, far, log } = stage({ delayMs: 20 })
  near.onClosed = () => log.push(`${clock.now()} near closed`)
  near.send('control', HELLO)
  near.close()
  far.close()
  near.close()
  expect(near.send('control', HELLO)).toBe(false)
  clock.runFor(100)
  expect(log).toEqual(['0 near closed', '0 closed'])
})

test('what was sent before a close still arrives', () => {
  const { clock, near, log } = stage({ delayMs: 20 })
  near.send('control', HELLO)
  near.close()
  clock.runFor(100)
  expect(log).toEqual(['20 control 1,2,3', '20 closed'])
})

test('a cut link swallows everything and tells nobody', () => {
  const { clock, near, log } = stage({ delayMs: 20 })
  near.send('control', HELLO)
  clock.runFor(10)
  near.cut()
  expect(near.send('control', HELLO)).toBe(true)
  near.close()
  clock.runFor(1000)
  expect(log).toEqual([])
})

test('what a frozen end should receive comes when it thaws, in order', () => {
  const { clock, near, far, log } = stage()
  far.freeze()
  near.send('control', HELLO)
  near.send('media', Uint8Array.of(4))
  clock.runFor(100)
  expect(log).toEqual([])
  far.thaw()
  expect(log).toEqual(['100 control 1,2,3', '100 media 4'])
})

test('what a frozen end sends leaves when it thaws', () => {
  const { clock, near, log } = stage()
  near.freeze()
  near.send('control', HELLO)
  clock.runFor(100)
  near.thaw()
  clock.runFor(0)
  expect(log).toEqual(['100 control 1,2,3'])
})

test('loss takes its share of heartbeats and media and none of control', () => {
  const { next } = seededRandom(1)
  const { clock, near, log } = stage({ lossHeartbeat: 0.1, lossMedia: 0.5, random: next })
  for (let count = 0; count < 1000; count += 1)
    for (const channel of ['control', 'heartbeat', 'media'] as const) near.send(channel, HELLO)
  clock.runFor(0)
  const arrived = (channel: string): number => log.filter((line) => line.includes(channel)).length
  expect(arrived('control')).toBe(1000)
  expect(arrived('heartbeat')).toBeGreaterThan(850)
  expect(arrived('heartbeat')).toBeLessThan(950)
  expect(arrived('media')).toBeGreaterThan(440)
  expect(arrived('media')).toBeLessThan(560)
})

test('a rate queues, and media that waits is seen as buffered', () => {
  const { clock, near, log } = stage({ rateKbps: 80, delayMs: 5 })
  near.send('media', new Uint8Array(100))
  near.send('media', new Uint8Array(100))
  expect(near.bufferedBytes).toBe(200)
  clock.runFor(10)
  expect(near.bufferedBytes).toBe(100)
  clock.runFor(15)
  expect(near.bufferedBytes).toBe(0)
  expect(log.map((line) => line.split(' ')[0])).toEqual(['15', '25'])
})

describeTransportContract('memory', async () => {
  const clock = new EventQueue()
  const [a, b] = memoryPair(clock, { delayMs: 20, rateKbps: 5000 })
  const until = async (holds: () => boolean): Promise<void> => {
    for (let ms = 0; !holds(); ms++) {
      if (ms > 10_000) throw new Error(`did not come true: ${holds}`)
      clock.runFor(1)
    }
  }
  return { a, b, until, close: () => undefined }
})
