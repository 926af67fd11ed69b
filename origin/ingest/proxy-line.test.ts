import { afterEach, expect, it } from 'vitest'
import { eventually } from '../../tests/support/eventually.ts'
import { startIngest, type RunningIngest } from '../../tests/support/ingest.ts'
import { RtmpClient } from '../../tests/support/rtmp-client.ts'

const FOUR = 'PROXY TCP4 192.0.2.7 198.51.100.1 50000 1935\r\n'
const SIX = 'PROXY TCP6 2001:db8::7 2001:db8::1 50000 1935\r\n'

let ingest: RunningIngest
const clients: RtmpClient[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy()
  await ingest.listener.close()
})

async function open(line: string): Promise<RtmpClient> {
  const client = await RtmpClient.open(ingest.port)
  clients.push(client)
  client.write(Buffer.from(line))
  return client
}

async function publish(client: RtmpClient, name: string): Promise<void> {
  await client.handshake()
  client.connect()
  client.command('createStream', 4, [null])
  await eventually(() => client.answers.length >= 2)
  client.publish(name)
  await eventually(() => client.status !== null)
}

it.each([
  ['IPv4', FOUR, '192.0.2.7'],
  ['IPv6', SIX, '2001:db8::7'],
  ['a proxy that does not know', 'PROXY UNKNOWN\r\n', '127.0.0.1'],
])('takes the publisher’s address from the PROXY line: %s', async (_, line, address) => {
  ingest = await startIngest({ trustProxy: true })
  await publish(await open(line), 'good')
  expect(ingest.asked.map(({ remoteAddress }) => remoteAddress)).toEqual([address])
})

it('takes a line that comes in pieces, and what comes in one piece with it', async () => {
  ingest = await startIngest({ trustProxy: true })
  const client = await open(FOUR.slice(0, 9))
  await new Promise((resolve) => setTimeout(resolve, 20))
  client.write(Buffer.concat([Buffer.from(FOUR.slice(9)), Buffer.of(3), Buffer.alloc(100)]))
  client.write(Buffer.alloc(1536 - 100))
  await eventually(() => client.socket.bytesRead > 2 * 1536)
})

it.each([
  ['no line', 'GET / HTTP/1.1\r\n'],
  ['another version', 'PROXY2 TCP4 192.0.2.7 198.51.100.1 50000 1935\r\n'],
  ['a line without an end', 'PROXY TCP4 '.padEnd(4000, '1')],
])('closes a connection that comes with %s', async (_, text) => {
  ingest = await startIngest({ trustProxy: true })
  const client = await open(text)
  await eventually(() => client.isClosed)
  expect(ingest.log.lines().filter((line) => line['problem'] === 'no PROXY line')).toHaveLength(1)
})

it('closes a connection whose line does not come', async () => {
  ingest = await startIngest({ trustProxy: true, silenceLimitMs: 50 })
  const client = await open('PROX')
  await eventually(() => client.isClosed)
})

it('counts those that wait by the address of the publisher, not the proxy’s', async () => {
  ingest = await startIngest({ trustProxy: true, maxWaitingPerAddress: 2 })
  const crowd = await Promise.all(
    [1, 2, 3, 4].map(() => open('PROXY TCP4 192.0.2.7 198.51.100.1 1 1935\r\n')),
  )
  const other = await open('PROXY TCP4 192.0.2.8 198.51.100.1 1 1935\r\n')
  await eventually(() => crowd.filter((client) => client.isClosed).length === 2)
  expect(other.isClosed).toBe(false)
})

it('takes no line where no proxy is trusted', async () => {
  ingest = await startIngest()
  const client = await open(FOUR)
  await eventually(() => client.isClosed)
})
