/** The bad-input list at full length, and idle connections by the thousand: a good publisher beside loses nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BAD_INPUTS, sendBadInput } from '../support/bad-input.ts'
import { eventually } from '../support/eventually.ts'
import { audioTag } from '../support/flv-tags.ts'
import { startIngest, type RunningIngest } from '../support/ingest.ts'
import { RtmpClient } from '../support/rtmp-client.ts'

const SILENCE_LIMIT_MS = 2000
const TIMES = 100
const IDLE = 1000

let ingest: RunningIngest
let good: RtmpClient
let sent = 0
let sending: NodeJS.Timeout

beforeAll(async () => {
  ingest = await startIngest({ silenceLimitMs: SILENCE_LIMIT_MS })
  good = await RtmpClient.publisher(ingest.port, 'good')
  sending = setInterval(() => good.media(audioTag(sent++)), 10)
})

afterAll(async () => {
  clearInterval(sending)
  await ingest.listener.close()
})

async function expectUnharmed(): Promise<void> {
  const { tags, end } = ingest.find('good')
  const before = tags.length
  await eventually(() => tags.length > before + 3)
  expect(end).toBeNull()
  expect(tags.every(({ timestampMs }, index) => timestampMs === index)).toBe(true)
  expect(ingest.listener.connections).toBe(1)
}

describe.each(BAD_INPUTS)('$name', (input) => {
  it(`harms nobody, ${TIMES} times at once`, async () => {
    const clients = await Promise.all(
      Array.from({ length: TIMES }, (_, n) => sendBadInput(ingest.port, input, `good_${n}`)),
    )
    await Promise.all(clients.map((client) => client.closed(SILENCE_LIMIT_MS + 13_000)))
    await eventually(() => ingest.listener.connections === 1)
    await expectUnharmed()
  })
})

it(`closes ${IDLE} idle connections`, async () => {
  const idle = await Promise.all(Array.from({ length: IDLE }, () => RtmpClient.open(ingest.port)))
  await Promise.all(idle.map((client) => client.closed(SILENCE_LIMIT_MS + 13_000)))
  await eventually(() => ingest.listener.connections === 1)
  await expectUnharmed()
})
