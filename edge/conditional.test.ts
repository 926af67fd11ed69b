import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RunningEdge } from '../tests/support/running-edge.ts'
import { startEdge } from '../tests/support/running-edge.ts'
import { bytes, ScriptedOrigin } from '../tests/support/scripted-origin.ts'
import { LINGER_MS } from './answer.ts'

const TRACK = '/live/room-1/program01/720p'
const PART = `${TRACK}/12.3.m4s`
const PLAYLIST = `${TRACK}/index.m3u8`
const MULTIVARIANT = '/live/room-1/master.m3u8'
const BODY = randomBytes(20_000)
const TEXT = `#EXTM3U\n${'#EXT-X-PART:DURATION=0.26667,URI="12.3.m4s"\n'.repeat(40)}`
/** What fetch would else ask for by itself. */
const AS_IT_IS = { 'accept-encoding': 'identity' }

let origin: ScriptedOrigin
let edge: RunningEdge
let now: number
beforeEach(async () => {
  now = 1_000_000
  origin = await ScriptedOrigin.start()
  edge = await startEdge({ originUrl: origin.url, now: () => now })
  for (const path of [PART, `${TRACK}/12.m4s`, `${TRACK}/init-0.mp4`]) origin.on(path, bytes(BODY))
  for (const path of [PLAYLIST, MULTIVARIANT, `${PLAYLIST}?_HLS_msn=12`]) origin.on(path, bytes(TEXT))
})
afterEach(async () => {
  await edge.close()
  await origin.kill()
})

async function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const answer = await fetch(`${edge.url}${path}`, { method, headers: { ...AS_IT_IS, ...headers } })
  const body = Buffer.from(await answer.arrayBuffer())
  return { status: answer.status, headers: answer.headers, body, tag: answer.headers.get('etag') ?? '' }
}

it.each([PART, `${TRACK}/12.m4s`, `${TRACK}/init-0.mp4`, PLAYLIST, `${PLAYLIST}?_HLS_msn=12`, MULTIVARIANT])(
  '%s has a strong tag, the same whenever it is asked for, and who has it is not sent it again',
  async (path) => {
    const first = await ask(path)
    expect(first.tag).toMatch(/^"[\w.-]+"$/)
    expect((await ask(path)).tag).toBe(first.tag)
    expect((await ask(path, {}, 'HEAD')).tag).toBe(first.tag)
    for (const method of ['GET', 'HEAD']) {
      const again = await ask(path, { 'if-none-match': first.tag }, method)
      expect([again.status, again.tag, again.body.length]).toEqual([304, first.tag, 0])
      expect(again.headers.get('cache-control')).toBe(first.headers.get('cache-control'))
      expect(again.headers.get('content-type')).toBeNull()
    }
    expect((await ask(path, { 'if-none-match': '"another"' })).body).toEqual(first.body)
  },
)

it('answers so also who asks first', async () => {
  const { tag } = await ask(PART)
  await edge.close()
  edge = await startEdge({ originUrl: origin.url })
  expect((await ask(PART, { 'if-none-match': tag })).status).toBe(304)
})

it('gives every object a tag of its own', async () => {
  const paths = [PART, `${TRACK}/12.m4s`, `${TRACK}/init-0.mp4`]
  const tags = await Promise.all(paths.map(async (path) => (await ask(path)).tag))
  expect(new Set(tags).size).toBe(3)
})

it('gives a playlist another tag when something is new in it, and another one compressed', async () => {
  const plain = await ask(PLAYLIST)
  const packed = await ask(PLAYLIST, { 'accept-encoding': 'gzip' })
  expect(packed.tag).not.toBe(plain.tag)
  expect((await ask(PLAYLIST, { 'accept-encoding': 'gzip', 'if-none-match': packed.tag })).status).toBe(304)
  now += LINGER_MS
  expect((await ask(PLAYLIST, { 'if-none-match': plain.tag })).status).toBe(304)
  now += LINGER_MS
  origin.on(PLAYLIST, bytes(`${TEXT}#EXT-X-ENDLIST\n`))
  expect((await ask(PLAYLIST, { 'if-none-match': plain.tag })).status).toBe(200)
})

it('gives a range of what the client has a part of, and the whole of what has become another', async () => {
  const { tag } = await ask(PART)
  const range = { range: 'bytes=10-19' }
  const fitting = await ask(PART, { ...range, 'if-range': tag })
  expect([fitting.status, fitting.tag]).toEqual([206, tag])
  expect(fitting.body).toEqual(BODY.subarray(10, 20))
  expect((await ask(PART, { ...range, 'if-range': '"another"' })).body).toEqual(BODY)
  expect((await ask(PART, { ...range, 'if-none-match': tag })).status).toBe(304)
})

it('gives an error no tag', async () => {
  const { status, tag } = await ask(`${TRACK}/99.m4s`, { 'if-none-match': '*' })
  expect([status, tag]).toEqual([404, ''])
})
