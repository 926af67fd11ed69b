/** What viewers who follow a track ask next is asked for before the first of them does. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { eventually } from '../tests/support/eventually.ts'
import type { RunningEdge } from '../tests/support/running-edge.ts'
import { startEdge } from '../tests/support/running-edge.ts'
import { bytes, Parked, ScriptedOrigin } from '../tests/support/scripted-origin.ts'
import { parseMediaPath } from './media-path.ts'
import { nextRequest } from './next-request.ts'

const TRACK = '/live/room-1/program01/720p'
const BODY = Buffer.alloc(5000, 7)

let origin: ScriptedOrigin
let edge: RunningEdge

beforeEach(async () => {
  origin = await ScriptedOrigin.start()
  edge = await startEdge({ originUrl: origin.url, limits: { graceMs: 200 } })
})

afterEach(async () => {
  await edge.close()
  await origin.kill()
})

const ask = (path: string) => fetch(edge.url + path).then((answer) => answer.status)
const requests = (result: string) => edge.metric(`headwater_edge_requests_total{result="${result}"}`)

it.each([
  [`${TRACK}/12.3.m4s`, `${TRACK}/12.4.m4s`],
  [`${TRACK}/12.7.m4s`, `${TRACK}/13.0.m4s`],
  [
    `${TRACK}/index.m3u8?_HLS_msn=12&_HLS_part=7&_HLS_skip=YES`,
    `${TRACK}/index.m3u8?_HLS_msn=13&_HLS_part=0&_HLS_skip=YES`,
  ],
  [`${TRACK}/index.m3u8`, undefined],
  [`${TRACK}/12.m4s`, undefined],
])('knows what comes behind %s', (path, next) => {
  const request = parseMediaPath(path)
  if (request.kind === 'flv' || request.kind === 'redirect') throw new Error('no object')
  expect(nextRequest(request)?.path).toBe(next)
  expect(nextRequest(request)).toEqual(next === undefined ? null : parseMediaPath(next))
})

it('asks for the next part when two have asked for this one, so that the first to want it finds it on its way', async () => {
  const next = new Parked()
  origin.on(`${TRACK}/12.3.m4s`, bytes(BODY))
  origin.on(`${TRACK}/12.4.m4s`, next.script)
  origin.on(`${TRACK}/12.5.m4s`, bytes(BODY))
  await ask(`${TRACK}/12.3.m4s`)
  expect(origin.count(`${TRACK}/12.4.m4s`)).toBe(0)
  await ask(`${TRACK}/12.3.m4s`)
  await eventually(() => origin.count(`${TRACK}/12.4.m4s`) === 1)
  const viewers = [ask(`${TRACK}/12.4.m4s`), ask(`${TRACK}/12.4.m4s`)]
  await eventually(async () => (await edge.metric('headwater_edge_waiting_viewers')) === 2)
  next.release(bytes(BODY))
  expect(await Promise.all(viewers)).toEqual([200, 200])
  await eventually(() => origin.count(`${TRACK}/12.5.m4s`) === 1)
  expect([await requests('miss'), await requests('coalesced')]).toEqual([1, 2])
  expect(origin.count(`${TRACK}/12.4.m4s`)).toBe(1)
})

it('gives up what nobody comes for, and asks for nothing behind what is old', async () => {
  origin.on(`${TRACK}/12.3.m4s`, bytes(BODY))
  origin.on(`${TRACK}/12.4.m4s`, new Parked().script)
  origin.on(`${TRACK}/11.0.m4s`, bytes(BODY))
  for (const name of ['12.3', '12.3', '11.0', '11.0']) await ask(`${TRACK}/${name}.m4s`)
  await eventually(() => origin.count(`${TRACK}/12.4.m4s`) === 1)
  await eventually(async () => (await edge.metric('headwater_edge_fills')) === 0)
  expect(origin.count(`${TRACK}/11.1.m4s`)).toBe(0)
})
