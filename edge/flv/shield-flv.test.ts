import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeStream, encodeTags, headers, label, media } from '../../tests/support/flv-script.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { FlvViewer } from '../../tests/support/flv-viewer.ts'
import type { RunningEdge } from '../../tests/support/running-edge.ts'
import { startEdge, startShield } from '../../tests/support/running-edge.ts'
import { json, ScriptedOrigin, type Script } from '../../tests/support/scripted-origin.ts'

const PATH = '/live/room-1/source.flv'
const ASKED = `${PATH}?behind=10`
const QUICK = { flushMs: 5, minBackoffMs: 10, maxBackoffMs: 40, idleMs: 60, doubtMs: 200, steadyMs: 100 }
const PROGRAM = 'program01'

let origin: ScriptedOrigin
let closing: (() => Promise<void> | void)[]
/** The origin's answers, oldest first. */
let upstreams: ServerResponse[]

beforeEach(async () => {
  upstreams = []
  closing = []
  origin = await ScriptedOrigin.start()
  closing.push(() => origin.kill())
  origin.on(ASKED, stream(upstreams))
})

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** Answers with an FLV that the test writes. */
function stream(
  answers: ServerResponse[],
  { program = PROGRAM, resumedMs }: { program?: string; resumedMs?: number } = {},
): Script {
  return (res) => {
    const resumed = resumedMs === undefined ? {} : { 'X-Headwater-Resumed': resumedMs }
    res.writeHead(200, { 'Content-Type': 'video/x-flv', 'X-Headwater-Program': program, ...resumed })
    res.flushHeaders()
    answers.push(res)
  }
}

async function startShieldHere(): Promise<RunningEdge> {
  const shield = await startShield({ originUrl: origin.url, flv: QUICK })
  closing.push(() => shield.close())
  return shield
}

async function startEdgeOf(shieldUrls: string[], flvSilenceMs = 10_000): Promise<RunningEdge> {
  const edge = await startEdge({ originUrl: origin.url, shieldUrls, flv: QUICK, timing: { flvSilenceMs } })
  closing.push(() => edge.close())
  return edge
}

async function startScripted(): Promise<ScriptedOrigin> {
  const scripted = await ScriptedOrigin.start()
  closing.push(() => scripted.kill())
  return scripted
}

function view(edge: RunningEdge): FlvViewer {
  const viewer = new FlvViewer(edge.port, ASKED)
  closing.push(() => viewer.close())
  return viewer
}

async function answerOf(answers: ServerResponse[], index = 0): Promise<ServerResponse> {
  await eventually(() => answers[index] !== undefined)
  return answers[index] as ServerResponse
}

async function untilSeen(viewer: FlvViewer, last: string): Promise<string[]> {
  await eventually(() => viewer.tags().map(label).includes(last))
  return viewer.tags().map(label)
}

/** Between frames. */
function stepsOf(viewer: FlvViewer): number[] {
  const times = viewer
    .tags()
    .filter(({ type, data }) => type === 'video' && data[1] === 1)
    .map(({ timestampMs }) => timestampMs)
  return times.slice(1).map((time, n) => time - (times[n] ?? 0))
}

describe('an FLV behind a shield', () => {
  it('is read once of the origin for the viewers of two edges', async () => {
    const shield = await startShieldHere()
    const edges = [await startEdgeOf([shield.url]), await startEdgeOf([shield.url])]
    const viewers = edges.flatMap((edge) => [view(edge), view(edge)])
    const source = await answerOf(upstreams)
    source.write(encodeStream([...headers(), ...media(10_000, 12_000)]))
    for (const viewer of viewers) await untilSeen(viewer, 'a11960')
    source.write(encodeTags(media(12_000, 13_000)))
    for (const viewer of viewers)
      expect((await untilSeen(viewer, 'a12960')).slice(-50)).toEqual(media(12_000, 13_000).map(label))
    expect(origin.asked).toEqual([ASKED])
    expect(await shield.metric('headwater_edge_flv_clients')).toBe(2)
  })

  it('is refused as the origin refuses it', async () => {
    const shield = await startShieldHere()
    origin.on(ASKED, json(404, 'room_not_live'))
    const viewer = view(await startEdgeOf([shield.url]))
    await eventually(() => viewer.status === 404 && viewer.body.length > 0)
    expect(JSON.parse(viewer.body.toString())).toMatchObject({ code: 'room_not_live' })
    expect(origin.asked).toEqual([ASKED])
  })

  it('goes on from the origin at the very tag when the shield is gone', async () => {
    const shield = await startShieldHere()
    const edge = await startEdgeOf([shield.url])
    const viewer = view(edge)
    const source = await answerOf(upstreams)
    source.write(encodeStream([...headers(), ...media(10_000, 12_480)]))
    await untilSeen(viewer, 'a12440')
    await shield.close()
    const next = await answerOf(upstreams, 1)
    next.write(encodeStream([...headers(), ...media(10_000, 14_000)]))
    expect((await untilSeen(viewer, 'a13960')).slice(3)).toEqual(media(10_000, 14_000).map(label))
    expect(await edge.metric('headwater_edge_failovers_total')).toBeGreaterThan(0)
  })

  it.each([
    ['is silent in the middle', () => undefined],
    ['breaks off', (res: ServerResponse) => void res.destroy()],
  ])('goes on from the next shield, before the origin, when one %s', async (_, fail) => {
    const answers: ServerResponse[] = []
    const shields = [await startScripted(), await startScripted()]
    for (const each of shields) each.on(ASKED, stream(answers))
    const viewer = view(
      await startEdgeOf(
        shields.map(({ url }) => url),
        300,
      ),
    )
    const first = await answerOf(answers)
    first.write(encodeStream([...headers(), ...media(10_000, 12_480)]))
    await untilSeen(viewer, 'a12440')
    fail(first)
    const second = await answerOf(answers, 1)
    second.write(encodeStream([...headers(), ...media(11_000, 14_000)]))
    expect((await untilSeen(viewer, 'a13960')).slice(3)).toEqual(media(10_000, 14_000).map(label))
    expect(shields.map((each) => each.count(ASKED)).sort()).toEqual([1, 1])
    expect(origin.asked).toEqual([])
  })

  it('goes on where the origin does when that comes back with another program, or with frames made anew', async () => {
    const shield = await startShieldHere()
    const viewer = view(await startEdgeOf([shield.url]))
    const first = await answerOf(upstreams)
    first.write(encodeStream([...headers(), ...media(10_000, 12_000)]))
    await untilSeen(viewer, 'a11960')
    // The shield asks, finds another timeline, and lets its edges go; one of the next answers is for them.
    const again: ServerResponse[] = []
    origin.on(ASKED, (res, req) => {
      stream(again, { resumedMs: 11_000 })(res, req)
      res.write(encodeStream([...headers(), ...media(11_000, 13_000)]))
    })
    first.destroy()
    await untilSeen(viewer, `a${12_960 + 960 + 33}`)
    const other: ServerResponse[] = []
    origin.on(ASKED, (res, req) => {
      stream(other, { program: 'program02' })(res, req)
      res.write(encodeStream([...headers(), ...media(10_000, 11_000)]))
    })
    for (const res of again) res.destroy()
    const lastMs = 12_960 + 993
    await untilSeen(viewer, `a${lastMs + 33 + 960}`)
    const steps = stepsOf(viewer)
    expect(new Set(steps)).toEqual(new Set([40, 33]))
    expect(steps.filter((step) => step === 33).length).toBe(2)
  })

  it('has the origin’s own times, so that an edge can go on from the origin whatever the shield has seen', async () => {
    const shield = await startShieldHere()
    const viewer = view(await startEdgeOf([shield.url]))
    const first = await answerOf(upstreams)
    first.write(encodeStream([...headers(), ...media(10_000, 12_000)]))
    await untilSeen(viewer, 'a11960')
    const again: ServerResponse[] = []
    let untilMs = 13_000
    origin.on(ASKED, (res, req) => {
      stream(again, { resumedMs: 11_000 })(res, req)
      res.write(encodeStream([...headers(), ...media(11_000, untilMs)]))
    })
    first.destroy()
    await untilSeen(viewer, `a${12_960 + 993}`)
    untilMs = 15_000
    await shield.close()
    await untilSeen(viewer, `a${14_960 + 993}`)
    const steps = stepsOf(viewer)
    expect(new Set(steps)).toEqual(new Set([40, 33]))
    expect(steps.filter((step) => step === 33).length).toBe(1)
  })
})
