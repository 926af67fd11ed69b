import { expect, it } from 'vitest'
import { Fill, type FillEnd } from './fill.ts'
import type { Upstream, UpstreamAnswer } from './upstream.ts'

const SMALL = Buffer.from('out of the pool that small buffers share')

function answering(chunks: readonly Buffer[]): Upstream {
  async function* body(): AsyncGenerator<Buffer> {
    yield* chunks
  }
  const answer = { status: 200, length: null, body: body() } as unknown as UpstreamAnswer
  return { ask: () => Promise.resolve(answer) } as unknown as Upstream
}

async function fill(chunks: readonly Buffer[]): Promise<FillEnd> {
  const path = { room: 'room-1', program: 'program01', track: 'audio' }
  return new Promise((resolve) => {
    const made = new Fill({
      request: { kind: 'part', ...path, msn: 12, part: 3, path: '' } as never,
      upstream: answering(chunks),
      maxBytes: 1000,
      graceMs: 0,
      onSettled: (end) => end,
    })
    made.join({ onEnd: resolve })
    made.start()
  })
}

it.each([
  ['one chunk', [SMALL]],
  ['several', [SMALL.subarray(0, 9), SMALL.subarray(9)]],
])('keeps what came in %s in memory of its own: what is counted is what is held', async (_, chunks) => {
  const { how, answer } = await fill(chunks)
  expect(how).toBe('whole')
  const [kept] = answer.chunks
  expect(kept?.toString()).toBe(SMALL.toString())
  expect(kept?.buffer.byteLength).toBe(SMALL.length)
})
