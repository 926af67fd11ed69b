import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { portOf, UdpLink, withPort, type PathQuality } from '../support/udp-links.ts'

const HOST = '127.0.0.1'
const open: { close(): void }[] = []

afterEach(() => {
  for (const each of open.splice(0)) each.close()
})

async function socket(): Promise<Socket> {
  const bound = createSocket('udp4')
  bound.bind(0, HOST)
  await once(bound, 'listening')
  open.push(bound)
  return bound
}

/** Two sockets that know each other by the link's ports alone. */
async function joined(quality: PathQuality) {
  const link = await UdpLink.open(quality, 1)
  open.push(link)
  const [a, b] = [await socket(), await socket()]
  const toA = link.publish('a', a.address().port)
  const toB = link.publish('b', b.address().port)
  return { link, a, b, toA, toB }
}

it('carries both ways, each end hearing from the port it sends to', async () => {
  const { a, b, toA, toB } = await joined({ delayMs: 0 })
  const heard: string[] = []
  a.on('message', (message, from) => heard.push(`a ${String(message)} ${from.port === toB}`))
  b.on('message', (message, from) => heard.push(`b ${String(message)} ${from.port === toA}`))
  a.send('one', toB, HOST)
  b.send('two', toA, HOST)
  await eventually(() => heard.length === 2)
  expect(heard.toSorted()).toEqual(['a two true', 'b one true'])
})

it('takes as long as it is told to', async () => {
  const { a, b, toB } = await joined({ delayMs: 50 })
  const sentAt = performance.now()
  a.send('late', toB, HOST)
  await once(b, 'message')
  expect(performance.now() - sentAt).toBeGreaterThan(48)
})

it('loses its share, the same with the same seed', async () => {
  const dropped: number[] = []
  for (let run = 0; run < 2; run++) {
    const { link, a, toB } = await joined({ delayMs: 0, loss: 0.1 })
    for (let sent = 25; sent <= 500; sent += 25) {
      for (let burst = 0; burst < 25; burst++) a.send('x', toB, HOST)
      await eventually(() => link.carried + link.dropped === sent)
    }
    dropped.push(link.dropped)
  }
  expect(dropped[0]).toBeGreaterThan(25)
  expect(dropped[0]).toBeLessThan(85)
  expect(dropped[1]).toBe(dropped[0])
})

it('drops what a rate cannot take instead of keeping it', async () => {
  const { link, a, toB } = await joined({ delayMs: 0, rateKbps: 1000, queueMs: 100 })
  for (let sent = 0; sent < 50; sent++) a.send(Buffer.alloc(1000), toB, HOST)
  await eventually(() => link.carried + link.dropped === 50)
  // 100 ms at 1 Mbit/s are twelve datagrams and a half.
  expect(link.carried).toBeGreaterThan(10)
  expect(link.carried).toBeLessThan(30)
})

it('puts another port into a candidate, and nothing into what is none', () => {
  const candidate = 'candidate:1 1 UDP 2114977791 127.0.0.1 50320 typ host'
  expect(portOf(candidate)).toBe(50320)
  expect(withPort(candidate, 4000)).toBe('candidate:1 1 UDP 2114977791 127.0.0.1 4000 typ host')
  expect(withPort('nonsense', 4000)).toBeNull()
  expect(portOf('')).toBeNull()
})
