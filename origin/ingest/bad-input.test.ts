import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BAD_INPUTS, sendBadInput } from '../../tests/support/bad-input.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { audioTag } from '../../tests/support/flv-tags.ts'
import { startIngest, type RunningIngest } from '../../tests/support/ingest.ts'
import { RtmpClient } from '../../tests/support/rtmp-client.ts'

const SILENCE_LIMIT_MS = 400
const TIMES = 2

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

/** The publisher beside has lost nothing, and goes on. */
async function expectUnharmed(): Promise<void> {
  const { tags, end } = ingest.find('good')
  const before = tags.length
  await eventually(() => tags.length > before + 3)
  expect(end).toBeNull()
  expect(tags.map(({ timestampMs }) => timestampMs)).toEqual(tags.map((_, index) => index))
}

describe.each(BAD_INPUTS)('$name', (input) => {
  it(`closes its own connection and harms nobody, ${TIMES} times`, async () => {
    const clients = await Promise.all(
      Array.from({ length: TIMES }, (_, n) => sendBadInput(ingest.port, input, `good_${n}`)),
    )
    await Promise.all(clients.map((client) => client.closed(SILENCE_LIMIT_MS + 3000)))
    await eventually(() => ingest.listener.connections === 1)
    await expectUnharmed()
  })
})

it('leaves a line in the log that says what was wrong, and none with a key', () => {
  const problems = ingest.log.lines().map(({ problem }) => String(problem))
  expect(problems).toContainEqual(expect.stringContaining('version 3'))
  expect(problems).toContainEqual(expect.stringContaining('chunk size 0'))
  expect(problems).toContainEqual(expect.stringContaining('tcUrl'))
  expect(ingest.log.text()).not.toContain('good')
})
