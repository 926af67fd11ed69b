import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  encodeStream,
  encodeTags,
  headers,
  label,
  media,
  videoConfig,
} from '../../tests/support/flv-script.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { FlvViewer } from '../../tests/support/flv-viewer.ts'
import type { RunningEdge } from '../../tests/support/running-edge.ts'
import { startEdge } from '../../tests/support/running-edge.ts'
import { json, ScriptedOrigin } from '../../tests/support/scripted-origin.ts'
import { FLV_DEFAULTS } from './hub.ts'

const PATH = '/live/room-1/source.flv'
const ASKED = `${PATH}?behind=10`
const QUICK = { flushMs: 5, minBackoffMs: 10, maxBackoffMs: 40, idleMs: 60, doubtMs: 200, steadyMs: 100 }

let origin: ScriptedOrigin
let edge: RunningEdge
let viewers: FlvViewer[]
/** The origin's answers, oldest first. */
let upstreams: ServerResponse[]

beforeEach(async () => {
  viewers = []
  upstreams = []
  origin = await ScriptedOrigin.start()
  origin.on(ASKED, (res) => {
    res.writeHead(200, { 'Content-Type': 'video/x-flv' })
    res.flushHeaders()
    upstreams.push(res)
  })
  edge = await startEdge({ originUrl: origin.url, flv: QUICK })
})

afterEach(async () => {
  for (const viewer of viewers) viewer.close()
  await edge.close()
  await origin.kill()
})

function view(path = PATH): FlvViewer {
  const viewer = new FlvViewer(edge.port, path)
  viewers.push(viewer)
  return viewer
}

async function upstream(index = 0): Promise<ServerResponse> {
  await eventually(() => upstreams[index] !== undefined)
  return upstreams[index] as ServerResponse
}

function labels(viewer: FlvViewer): string[] {
  return viewer.tags().map(label)
}

function timesOf(viewer: FlvViewer, count: number): number[] {
  return viewer
    .tags()
    .slice(0, count)
    .map(({ timestampMs }) => timestampMs)
}

async function untilSeen(viewer: FlvViewer, last: string): Promise<string[]> {
  await eventually(() => labels(viewer).includes(last))
  return labels(viewer)
}

describe('the FLV fan-out', () => {
  it('reads one upstream for any number of viewers, and sends them all the same', async () => {
    const many = Array.from({ length: 40 }, () => view())
    const source = await upstream()
    source.write(encodeStream([...headers(), ...media(10_000, 12_000)]))
    const expected = ['M', 'V', 'A', ...media(11_000, 12_000).map(label)]
    for (const viewer of many) {
      const seen = await untilSeen(viewer, 'a11960')
      expect(seen.slice(0, 3)).toEqual(['M', 'V', 'A'])
      expect(seen[3]).toMatch(/^k1[01]000$/)
      expect(seen.slice(-50)).toEqual(expected.slice(3))
    }
    expect(origin.asked).toEqual([ASKED])
    expect(await edge.metric('headwater_edge_flv_clients')).toBe(40)
    expect(await edge.metric('headwater_edge_flv_upstreams')).toBe(1)
    expect(await edge.metric('headwater_edge_requests_total{result="miss"}')).toBe(1)
  })

  it('begins a late viewer with headers and the newest keyframe, or as far back as it asks', async () => {
    const early = view()
    const source = await upstream()
    source.write(encodeStream([...headers(), ...media(10_000, 25_000)]))
    await untilSeen(early, 'a24960')
    const late = view()
    expect(await untilSeen(late, 'a24960')).toEqual(['M', 'V', 'A', ...media(24_000, 25_000).map(label)])
    const behind = view('/flv/room-1.flv?behind=9')
    expect(await untilSeen(behind, 'a24960')).toEqual(['M', 'V', 'A', ...media(15_000, 25_000).map(label)])
    // A sequence header far before the first frame would be a hole in the time of whoever counts from it.
    expect(timesOf(late, 4)).toEqual([0, 24_000, 24_000, 24_000])
    expect(timesOf(behind, 4)).toEqual([0, 15_000, 15_000, 15_000])
    source.write(encodeTags(media(25_000, 26_000)))
    for (const viewer of [early, late, behind]) {
      const seen = await untilSeen(viewer, 'a25960')
      expect(seen.slice(-50)).toEqual(media(25_000, 26_000).map(label))
    }
    expect(origin.asked.length).toBe(1)
  })

  it('says in the file header which tracks there are', async () => {
    const audio = view()
    const source = await upstream()
    const tags = media(10_000, 13_000).filter((tag) => tag.type === 'audio')
    source.write(encodeStream([...headers().filter((tag) => tag.type !== 'video'), ...tags]))
    await untilSeen(audio, 'a12960')
    expect(audio.body[4]).toBe(4)
    expect(labels(audio).slice(0, 3)).toEqual(['M', 'A', 'a12000'])
  })

  it('passes a change of sequence headers on, and repeats none that has not changed', async () => {
    const viewer = view()
    const source = await upstream()
    source.write(
      encodeStream([...headers(), ...media(10_000, 11_000), ...headers(), ...media(11_000, 12_000)]),
    )
    await untilSeen(viewer, 'a11960')
    source.write(encodeTags([videoConfig(7), ...media(12_000, 13_000)]))
    const seen = await untilSeen(viewer, 'a12960')
    expect(seen.filter((it) => it === 'V').length).toBe(2)
    expect(seen[seen.indexOf('k12000') - 1]).toBe('V')
    const late = view()
    await untilSeen(late, 'a12960')
    expect(
      late
        .tags()
        .find((tag) => label(tag) === 'V')
        ?.data.at(-1),
    ).toBe(7)
  })
})

describe('the life of an FLV upstream', () => {
  it('ends some time after the last viewer, and a new viewer begins a new one', async () => {
    const viewer = view()
    const source = await upstream()
    source.write(encodeStream([...headers(), ...media(10_000, 11_000)]))
    await untilSeen(viewer, 'a10960')
    const other = view()
    await untilSeen(other, 'a10960')
    viewer.close()
    await eventually(async () => (await edge.metric('headwater_edge_flv_clients')) === 1)
    expect(await edge.metric('headwater_edge_flv_upstreams')).toBe(1)
    const closed = new Promise((resolve) => source.once('close', resolve))
    other.close()
    await closed
    await eventually(async () => (await edge.metric('headwater_edge_flv_upstreams')) === 0)
    view()
    await upstream(1)
  })

  it('continues at a keyframe when it was lost, without its viewers being told', async () => {
    const viewer = view()
    const first = await upstream()
    first.write(encodeStream([...headers(), ...media(11_000, 11_480)]))
    await untilSeen(viewer, 'a11440')
    first.destroy()
    const second = await upstream(1)
    second.write(encodeStream([...headers(), ...media(12_520, 14_000)]))
    const seen = await untilSeen(viewer, 'a13960')
    expect(seen.slice(3)).toEqual([...media(11_000, 11_480), ...media(13_000, 14_000)].map(label))
    expect(await edge.metric('headwater_edge_flv_reconnects_total')).toBe(1)
  })

  it('leaves no hole when the origin begins again further back', async () => {
    const viewer = view()
    const first = await upstream()
    first.write(encodeStream([...headers(), ...media(11_000, 11_480)]))
    await untilSeen(viewer, 'a11440')
    await origin.kill()
    await origin.listen()
    const second = await upstream(1)
    second.write(encodeStream([...headers(), ...media(10_000, 14_000)]))
    const seen = await untilSeen(viewer, 'a13960')
    expect(seen.slice(3)).toEqual(media(11_000, 14_000).map(label))
  })

  it('does not believe an origin that starts again and says the room is not live', async () => {
    const viewer = view()
    const first = await upstream()
    first.write(encodeStream([...headers(), ...media(10_000, 11_000)]))
    await untilSeen(viewer, 'a10960')
    const again = origin
    let refusals = 0
    again.on(ASKED, (res, req) => {
      if (++refusals <= 2) {
        json(404, 'room_not_live')(res, req)
        return
      }
      res.writeHead(200).write(encodeStream([...headers(), ...media(11_000, 12_000)]))
    })
    first.destroy()
    await untilSeen(viewer, 'a11960')
    expect(viewer.isClosed).toBe(false)
  })

  it('ends its viewers when the program has ended', async () => {
    const viewer = view()
    const source = await upstream()
    source.write(encodeStream([...headers(), ...media(10_000, 11_000)]))
    await untilSeen(viewer, 'a10960')
    origin.on(ASKED, json(404, 'room_not_live'))
    source.end()
    await eventually(() => viewer.isClosed)
    expect(labels(viewer).at(-1)).toBe('a10960')
    expect(await edge.metric('headwater_edge_flv_upstreams')).toBe(0)
  })

  it('ends with the edge, and its viewers with it', async () => {
    const waiting = view('/live/room-1/720p.flv')
    origin.on('/live/room-1/720p.flv?behind=10', () => undefined)
    await origin.untilAsked('/live/room-1/720p.flv?behind=10')
    const viewer = view()
    const source = await upstream()
    source.write(encodeStream([...headers(), ...media(10_000, 11_000)]))
    await untilSeen(viewer, 'a10960')
    const closed = new Promise((resolve) => source.once('close', resolve))
    await edge.edge.close()
    await closed
    await eventually(() => viewer.isClosed)
    await eventually(() => waiting.status === 502)
    expect(await edge.metric('headwater_edge_flv_upstreams')).toBe(0)
  })

  it('reads on behind a malformed stream', async () => {
    const viewer = view()
    const first = await upstream()
    first.write('this is no FLV at all')
    const second = await upstream(1)
    second.write(encodeStream([...headers(), ...media(10_000, 11_000)]))
    await untilSeen(viewer, 'a10960')
  })

  it('shares a refusal among all who ask at once', async () => {
    origin.on(ASKED, json(404, 'room_not_live'))
    const many = Array.from({ length: 20 }, () => view())
    for (const viewer of many) {
      await eventually(() => viewer.status === 404)
      await eventually(() => viewer.body.length > 0)
      expect(JSON.parse(viewer.body.toString())).toMatchObject({ code: 'room_not_live' })
    }
    expect(origin.asked.length).toBe(1)
    expect(await edge.metric('headwater_edge_flv_clients')).toBe(0)
  })

  it('answers 502 while there is no origin, and works when it is there', async () => {
    await origin.kill()
    const viewer = view()
    await eventually(() => viewer.status === 502)
    await origin.listen()
    await eventually(async () => {
      const retry = view()
      await eventually(() => retry.status !== 0)
      return retry.status === 200
    })
  })
})

describe('slow FLV viewers', () => {
  // Frames large enough to fill the kernel's buffers soon, small enough not to be a burst.
  const BYTES = 200_000
  const GOP_MS = 400

  it('are moved to a keyframe when they read again, and good ones do not notice', async () => {
    const { send, good, slow } = await startSlow({ lagCloseMs: 60_000 })
    while ((await edge.metric('headwater_edge_flv_skips_total')) === 0) await send()
    slow.resume()
    let last = ''
    await eventually(async () => {
      last = await send()
      return labels(slow).includes(last)
    }, 15_000)
    const seen = labels(slow).filter((it) => /^[kv]/.test(it))
    const jumps = seen.filter((it, n) => n > 0 && timeOf(it) - timeOf(seen[n - 1] ?? '') !== 40)
    expect(jumps).toEqual([expect.stringMatching(/^k/)])
    expect(labels(slow).filter((it) => it === 'V').length).toBe(1)
    expect(labels(good).slice(3)).toEqual(media(10_000, timeOf(last) + 40, { gopMs: GOP_MS }).map(label))
  })

  it('are closed when they read nothing for too long, while good ones go on', async () => {
    const { send, good, slow } = await startSlow({ lagCloseMs: 50 })
    while ((await edge.metric('headwater_edge_flv_cuts_total')) === 0) await send()
    await eventually(async () => (await edge.metric('headwater_edge_flv_clients')) === 1)
    slow.resume()
    await eventually(() => slow.isClosed)
    const last = await send()
    expect(labels(good).slice(3)).toEqual(media(10_000, timeOf(last) + 40, { gopMs: GOP_MS }).map(label))
  })

  it('are not those to whom much came at once', async () => {
    await edge.close()
    edge = await startEdge({ originUrl: origin.url, flv: { ...QUICK, flushMs: 50, lagCloseMs: 50 } })
    const viewer = view()
    const first = await upstream()
    first.write(encodeStream([...headers(), ...media(10_000, 11_000)]))
    await untilSeen(viewer, 'a10960')
    viewer.pause()
    first.destroy()
    const second = await upstream(1)
    const lost = media(11_000, 14_000, { bytes: BYTES })
    second.write(encodeStream([...headers(), ...lost]))
    await eventually(async () => (await edge.metric('headwater_edge_flv_ring_bytes')) > 74 * BYTES)
    viewer.resume()
    const seen = await untilSeen(viewer, 'a13960')
    expect(seen.slice(3)).toEqual(media(10_000, 14_000).map(label))
    expect(await edge.metric('headwater_edge_flv_skips_total')).toBe(0)
  })

  /** One viewer that reads and one that has stopped. `send` gives both a frame, waits for the first and tells its audio's label. */
  async function startSlow(limits: { lagCloseMs: number }) {
    await edge.close()
    edge = await startEdge({ originUrl: origin.url, flv: { ...QUICK, ...limits } })
    const good = view()
    const source = await upstream()
    source.write(encodeStream([...headers(), ...media(10_000, 10_400, { gopMs: GOP_MS })]))
    await untilSeen(good, 'a10360')
    const slow = view()
    await eventually(async () => (await edge.metric('headwater_edge_flv_clients')) === 2)
    slow.pause()
    let at = 10_400
    const send = async (): Promise<string> => {
      const seen = good.bytes
      const tags = media(at, at + 40, { gopMs: GOP_MS, bytes: BYTES })
      const sent = encodeTags(tags)
      source.write(sent)
      await eventually(() => good.bytes >= seen + sent.length)
      return `a${(at += 40) - 40}`
    }
    return { send, good, slow }
  }

  function timeOf(it: string): number {
    return Number(it.slice(1))
  }
})

it('asks an origin that ends every answer at once more and more seldom, whatever it sends before', async () => {
  await edge.close()
  const asked: number[] = []
  origin.on(ASKED, (res) => {
    asked.push(performance.now())
    res.writeHead(200, { 'Content-Type': 'video/x-flv' })
    res.end(encodeStream([...headers(), ...media(10_000, 10_200)]))
  })
  edge = await startEdge({
    originUrl: origin.url,
    flv: { ...QUICK, minBackoffMs: 20, maxBackoffMs: 5000, steadyMs: 3000 },
  })
  view()
  await eventually(() => asked.length >= 6)
  // 20 + 40 + 80 + 160 + 320 ms, a quarter less at the least.
  expect((asked[5] ?? 0) - (asked[0] ?? 0)).toBeGreaterThan(450)
})

it('keeps the limits of the design', () => {
  expect(FLV_DEFAULTS).toMatchObject({
    ringSeconds: 10,
    clientBufferBytes: 1024 * 1024,
    lagCloseMs: 10_000,
    idleMs: 5000,
  })
  expect(FLV_DEFAULTS).toMatchObject({ minBackoffMs: 250, maxBackoffMs: 2000 })
  expect(FLV_DEFAULTS.flushMs).toBeLessThanOrEqual(100)
})
