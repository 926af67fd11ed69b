import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeStream, encodeTags, headers, label, media } from '../../tests/support/flv-script.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { FlvViewer } from '../../tests/support/flv-viewer.ts'
import type { RunningEdge } from '../../tests/support/running-edge.ts'
import { startEdge, startShield } from '../../tests/support/running-edge.ts'
import { bytes, json, ScriptedOrigin, type Script } from '../../tests/support/scripted-origin.ts'

const QUICK = { flushMs: 5, minBackoffMs: 10, maxBackoffMs: 40, idleMs: 60, doubtMs: 200, steadyMs: 100 }
const MASTER = '/live/room-1/master.m3u8'
const LADDER = [
  '#EXTM3U',
  '#EXT-X-STREAM-INF:BANDWIDTH=500000,CODECS="avc1.64001f"',
  'program01/400p/index.m3u8',
  '#EXT-X-STREAM-INF:BANDWIDTH=1500000,CODECS="avc1.64001f"',
  'program01/720p/index.m3u8',
  '',
].join('\n')
/** Where what is watched is the lowest. */
const LOWEST_ALONE = ['#EXTM3U', '#EXT-X-STREAM-INF:BANDWIDTH=1500000', 'program01/720p/index.m3u8', ''].join(
  '\n',
)
const [HIGH, LOW, SOURCE] = ['720p', '400p', 'source'].map(
  (name) => `/live/room-1/${name}.flv?behind=10`,
) as [string, string, string]

let origin: ScriptedOrigin
let edge: RunningEdge
let viewer: FlvViewer
let high: ServerResponse[]
let low: ServerResponse[]

beforeEach(async () => {
  high = []
  low = []
  origin = await ScriptedOrigin.start()
  for (const [path, answers] of [
    [HIGH, high],
    [LOW, low],
    [SOURCE, high],
  ] as const)
    origin.on(path, stream(answers))
  origin.on(MASTER, bytes(LADDER))
  edge = await startEdge({ originUrl: origin.url, flv: QUICK, capMs: 500 })
})

afterEach(async () => {
  viewer.close()
  await edge.close()
  await origin.kill()
})

function stream(answers: ServerResponse[]): Script {
  return (res) => {
    res.writeHead(200, { 'Content-Type': 'video/x-flv', 'X-Headwater-Program': 'program01' })
    res.flushHeaders()
    answers.push(res)
  }
}

function breaking(res: ServerResponse): void {
  res.writeHead(200, { 'X-Headwater-Program': 'program01' }).write(encodeStream(headers()))
  setTimeout(() => res.destroy(), 5)
}

async function answerOf(answers: ServerResponse[], index = 0): Promise<ServerResponse> {
  await eventually(() => answers[index] !== undefined)
  return answers[index] as ServerResponse
}

const labels = (): string[] => viewer.tags().map(label)

async function untilSeen(last: string): Promise<string[]> {
  await eventually(() => labels().includes(last))
  return labels()
}

/** Watches until the rendition breaks off, and begins to fail as told. */
async function watchUntilLost(path: string, script: Script): Promise<void> {
  viewer = new FlvViewer(edge.port, path)
  const first = await answerOf(high)
  first.write(encodeStream([...headers(), ...media(10_000, 12_480)]))
  await untilSeen('a12440')
  // Long enough for a connection to be one.
  await new Promise((resolve) => setTimeout(resolve, 150))
  first.write(encodeTags(media(12_480, 13_480)))
  await untilSeen('a13440')
  origin.on(path, script)
  first.destroy()
}

const moves = (direction: string): Promise<number> =>
  edge.metric(`headwater_edge_flv_moves_total{direction="${direction}"}`)

describe('viewers of an FLV whose upstream fails three times in a row', () => {
  it.each([
    ['with an error', HIGH, json(500, 'internal_error')],
    ['by breaking off', HIGH, breaking],
    ['by silence', HIGH, () => undefined],
    ['in the source itself', SOURCE, json(500, 'internal_error')],
  ] satisfies [string, string, Script][])(
    'are given the rendition below at a keyframe, %s',
    async (_, path, script) => {
      if (path === SOURCE) origin.on(HIGH, stream(low)) // the highest of the ladder
      await watchUntilLost(path, script)
      const below = await answerOf(low)
      below.write(encodeStream([...headers(7), ...media(12_000, 16_000)]))
      await untilSeen('a15960')
      below.write(encodeTags(media(16_000, 17_000)))
      const seen = await untilSeen('a16960')
      const sound = media(13_480, 14_000).flatMap((tag) => (tag.type === 'audio' ? [label(tag)] : []))
      expect(seen.slice(3).filter((each) => !['M', 'V', 'A'].includes(each))).toEqual([
        ...media(10_000, 13_480).map(label),
        ...sound,
        ...media(14_000, 17_000).map(label),
      ])
      const configs = viewer.tags().filter((tag) => label(tag) === 'V')
      expect(configs.map(({ data }) => data.at(-1))).toEqual([0, 7])
      expect(viewer.isClosed).toBe(false)
      expect(await moves('down')).toBe(1)
    },
  )

  it('wait on while the origin is away, and where there is no rendition below', async () => {
    await watchUntilLost(HIGH, json(502, 'upstream_unavailable'))
    await origin.untilAsked(HIGH, 6)
    expect(origin.count(MASTER)).toBe(0)
    await origin.kill()
    await origin.listen()
    origin.on(HIGH, json(500, 'internal_error')).on(MASTER, json(500, 'internal_error'))
    await origin.untilAsked(MASTER, 2)
    origin.on(MASTER, bytes(LOWEST_ALONE))
    await origin.untilAsked(MASTER, 4)
    expect(origin.count(LOW)).toBe(0)
    origin.on(HIGH, stream(high))
    const again = await answerOf(high, 1)
    again.write(encodeStream([...headers(), ...media(12_000, 16_000)]))
    expect((await untilSeen('a15960')).slice(3)).toEqual(media(10_000, 16_000).map(label))
    expect(await moves('down')).toBe(0)
  })

  it('are given theirs again when it is there, and not by what is left of it from before', async () => {
    await edge.close()
    edge = await startEdge({ originUrl: origin.url, flv: { ...QUICK, lookUpMs: 40 }, capMs: 500 })
    await watchUntilLost(HIGH, json(500, 'internal_error'))
    const below = await answerOf(low)
    below.write(encodeStream([...headers(7), ...media(12_000, 20_000)]))
    await untilSeen('a19960')
    const old: ServerResponse[] = []
    origin.on(HIGH, (res, req) => {
      stream(old)(res, req)
      res.write(encodeStream([...headers(), ...media(12_000, 13_000)]))
    })
    await answerOf(old)
    old[0]?.end()
    await answerOf(old, 1)
    expect(await moves('up')).toBe(0)
    origin.on(HIGH, (res, req) => {
      stream(high)(res, req)
      res.write(encodeStream([...headers(), ...media(18_000, 22_000)]))
    })
    for (const res of old) res.end()
    const seen = await untilSeen('a21960')
    const times = seen.flatMap((each) => (/^[kv]/.test(each) ? [Number(each.slice(1))] : []))
    expect(times.slice(times.indexOf(19_960))).toEqual([
      19_960,
      ...Array.from({ length: 50 }, (_, n) => 20_000 + 40 * n),
    ])
    expect(await moves('up')).toBe(1)
    await eventually(() => below.destroyed)
  })

  it('are not moved by a shield, which tells its edges that it cannot', async () => {
    const shield = await startShield({ originUrl: origin.url, flv: QUICK, capMs: 500 })
    await edge.close()
    edge = await startEdge({ originUrl: origin.url, shieldUrls: [shield.url], flv: QUICK, capMs: 500 })
    await watchUntilLost(HIGH, json(500, 'internal_error'))
    const below = await answerOf(low)
    below.write(encodeStream([...headers(7), ...media(12_000, 16_000)]))
    await untilSeen('a15960')
    expect(await moves('down')).toBe(1)
    expect(await shield.metric('headwater_edge_flv_moves_total{direction="down"}')).toBe(0)
    expect(origin.count(LOW)).toBe(1)
    await shield.close()
  })
})
