import { Agent, request as send } from 'undici'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { eventually } from '../../tests/support/eventually.ts'
import type { RunningEdge } from '../../tests/support/running-edge.ts'
import { startEdge } from '../../tests/support/running-edge.ts'
import { bytes, Parked, ScriptedOrigin } from '../../tests/support/scripted-origin.ts'
import { LINGER_MS } from '../answer.ts'
import { CAP_MS } from './capped-upstream.ts'

const TRACK = '/live/room-1/program01/720p'
const PLAYLIST = `${TRACK}/index.m3u8`
const TEXT = '#EXTM3U\n#EXT-X-PART:DURATION=0.25,URI="12.2.m4s"\n'
/** The bar is 1.2 s; a machine that others share takes longer now and then. */
const SOON_MS = 3000

let clients: Agent
let origin: ScriptedOrigin
let edge: RunningEdge
let now: number

beforeEach(async () => {
  now = 1_000_000
  clients = new Agent({ connections: null })
  origin = await ScriptedOrigin.start()
  origin.on(PLAYLIST, bytes(TEXT))
  edge = await startEdge({ originUrl: origin.url, now: () => now })
})

afterEach(async () => {
  await clients.destroy()
  await edge.close()
  await origin.kill()
})

async function get(path: string) {
  const askedAtMs = performance.now()
  const answer = await send(`${edge.url}${path}`, { dispatcher: clients })
  const text = await answer.body.text()
  return { status: answer.statusCode, text, tookMs: performance.now() - askedAtMs }
}

it.each([
  ['an init segment', `${TRACK}/init-0.mp4`, 502],
  ['a multivariant playlist', '/live/room-1/master.m3u8', 502],
  ['a part that is listed', `${TRACK}/12.2.m4s`, 502],
  ['a segment that is listed', `${TRACK}/11.m4s`, 502],
  ['a playlist that has what it is asked for', `${PLAYLIST}?_HLS_msn=12&_HLS_part=1`, 502],
  ['a part of a track that nothing is known of', '/live/room-1/program01/400p/12.2.m4s', 503],
  ['an FLV', '/live/room-1/source.flv', 502],
])('one origin alone that hangs keeps nobody waiting for %s', async (_, path, status) => {
  await get(PLAYLIST)
  const parked = new Parked()
  origin.on(path, parked.script).on(`${path}?behind=10`, parked.script)
  const answers = await Promise.all(Array.from({ length: 20 }, () => get(path)))
  for (const { status: answered, tookMs } of answers) {
    expect(answered).toBe(status)
    expect(tookMs).toBeGreaterThan(CAP_MS - 100)
    expect(tookMs).toBeLessThan(SOON_MS)
  }
  expect(parked.responses.length).toBe(1)
  await eventually(() => parked.responses.every((res) => res.destroyed))
})

it('a plain playlist is answered with an older one when the origin hangs', async () => {
  await get(PLAYLIST)
  now += LINGER_MS
  origin.on(PLAYLIST, new Parked().script)
  const { status, text, tookMs } = await get(PLAYLIST)
  expect([status, text]).toEqual([200, TEXT])
  expect(tookMs).toBeLessThan(SOON_MS)
})

it.each([
  ['the next part', `${TRACK}/12.3.m4s`],
  ['the segment in the making', `${TRACK}/12.m4s`],
  ['the next playlist', `${PLAYLIST}?_HLS_msn=12&_HLS_part=3`],
  ['the first playlist of a track', '/live/room-1/program01/400p/index.m3u8'],
])('what is still to be made is waited for: %s', async (_, path) => {
  await edge.close()
  edge = await startEdge({ originUrl: origin.url, now: () => now, capMs: 50 })
  await get(PLAYLIST)
  const parked = new Parked()
  origin.on(path, parked.script)
  const answer = get(path)
  await origin.untilAsked(path)
  await new Promise((resolve) => setTimeout(resolve, 200))
  parked.release(bytes('made'))
  expect(await answer).toMatchObject({ status: 200, text: 'made' })
})

it('has a cap between a second and a segment’s duration', () => {
  expect(CAP_MS).toBeGreaterThan(1000)
  expect(CAP_MS).toBeLessThan(2000)
})
