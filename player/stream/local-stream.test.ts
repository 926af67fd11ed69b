import { afterEach, describe, expect, it, vi } from 'vitest'
import { splitSegment } from '../../media/part.ts'
import { parseMediaPlaylist } from '../../media/playlist/parse.ts'
import type { PlayerError } from '../player-error.ts'
import { LocalStream } from './local-stream.ts'
import { MediaFetch } from './media-fetch.ts'
import { CAPTURED_MS, MemoryOrigin, ORIGIN_ADDRESS, partOf } from './memory-origin.ts'

const FOLDER = new URL('program1/', ORIGIN_ADDRESS)
const NEVER = new AbortController().signal
const opened: (() => void)[] = []

afterEach(() => {
  for (const close of opened.splice(0)) close()
})

interface Trial {
  origin: MemoryOrigin
  stream: LocalStream
  lost: PlayerError[]
  text: (path: string) => Promise<string>
  bytes: (path: string) => Promise<ArrayBuffer>
}

function open(parts: number, origin = new MemoryOrigin()): Trial {
  origin.publish(40, 40 + parts)
  const http = new MediaFetch({
    fetch: origin.fetch,
    nowMs: () => origin.nowMs,
    retry: { firstMs: 1, maxMs: 5 },
  })
  const lost: PlayerError[] = []
  const stream = new LocalStream({ address: ORIGIN_ADDRESS, http, onLost: (error) => lost.push(error) })
  opened.push(
    () => stream.close(),
    () => http.close(),
  )
  const ask = (path: string) => stream.answer(new URL(path, FOLDER), NEVER)
  return {
    origin,
    stream,
    lost,
    text: async (path) => String(await ask(path)),
    bytes: async (path) => {
      const answer = await ask(path)
      if (typeof answer === 'string') throw new Error('text where bytes were expected')
      return answer
    },
  }
}

const newest = (text: string): number[] => {
  const last = parseMediaPlaylist(text).segments.at(-1)
  return [last?.msn ?? -1, (last?.parts.length ?? 0) - 1]
}
const countOf = (asked: readonly string[], pattern: RegExp): number =>
  asked.filter((path) => pattern.test(path)).length
const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function until(isSo: () => boolean): Promise<void> {
  await vi.waitUntil(isSo, { timeout: 18_000, interval: 5 })
}

describe('LocalStream', () => {
  it('answers the multivariant playlist as the server wrote it', async () => {
    const { origin, stream } = open(20)
    expect(await stream.answer(new URL(ORIGIN_ADDRESS), NEVER)).toContain('RESOLUTION=1280x720')
    await stream.answer(new URL(ORIGIN_ADDRESS), NEVER)
    expect(countOf(origin.asked, /master/)).toBe(1)
  })

  it('lists the newest part, and single parts further back than the server lists them', async () => {
    const { text } = open(60)
    const playlist = parseMediaPlaylist(await text('720p/index.m3u8'))
    expect(newest(await text('720p/index.m3u8'))).toEqual([12, 3])
    expect(playlist.segments.filter(({ parts }) => parts.length > 0).length).toBe(8)
  })

  it('holds a playlist request until the part is there, then tells of it', async () => {
    const { origin, text } = open(20)
    await text('720p/index.m3u8')
    let answer = ''
    const held = text('720p/index.m3u8?_HLS_msn=7&_HLS_part=4').then((given) => (answer = given))
    await soon()
    expect(answer).toBe('')
    origin.publish(60, 61)
    await held
    expect(newest(answer)).toEqual([7, 4])
  })

  it('answers what waits when it is nudged, with what there is', async () => {
    const { stream, text } = open(20)
    await text('720p/index.m3u8')
    const held = text('720p/index.m3u8?_HLS_msn=7&_HLS_part=4')
    await soon()
    stream.nudge()
    expect(newest(await held)).toEqual([7, 3])
  })

  it('follows with one request a part and no playlist', async () => {
    const { origin, text } = open(20)
    await text('720p/index.m3u8')
    for (let k = 60; k < 70; k++) {
      origin.publish(k, k + 1)
      await text(`720p/index.m3u8?_HLS_msn=${k >> 3}&_HLS_part=${k & 7}`)
    }
    expect(countOf(origin.asked, /^720p\/index/)).toBe(1)
    expect(countOf(origin.asked, /^720p\/\d+\.\d\.m4s/)).toBe(11)
  })

  it('asks for several parts at once where an answer takes longer than half a part', async () => {
    const origin = new MemoryOrigin()
    origin.roundTripMs = 300
    const { text } = open(20, origin)
    await text('720p/index.m3u8')
    await until(() => countOf(origin.asked, /^720p\/7\.[456]\.m4s/) === 3)
    origin.publish(60, 63)
    expect(newest(await text('720p/index.m3u8?_HLS_msn=7&_HLS_part=6'))).toEqual([7, 6])
  })

  it('gives up on a playlist that does not go on', async () => {
    const { origin, text, lost } = open(20)
    origin.failures.set('720p/7.4.m4s', { status: 404, code: 'part_not_found' })
    origin.isStuck = true
    await text('720p/index.m3u8')
    await until(() => lost.length > 0)
    expect(lost[0]?.code).toBe('part_not_found')
    expect(countOf(origin.asked, /^720p\/7\.4\.m4s/)).toBeLessThan(15)
  })

  it('fetches history as whole segments, each once however many ask', async () => {
    const { origin, bytes } = open(60)
    const parts = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((part) => bytes(`720p/8.${part}.m4s`)))
    expect(countOf(origin.asked, /^720p\/8\.m4s/)).toBe(1)
    expect(countOf(origin.asked, /^720p\/8\.\d/)).toBe(0)
    const whole = splitSegment(new Uint8Array(await bytes('720p/8.m4s')))
    expect(whole.map((part) => part.bytes.length)).toEqual(parts.map((part) => part.byteLength))
    expect(countOf(origin.asked, /^720p\/8\.m4s/)).toBe(1)
  })

  it('gives bytes away as copies: whoever has them may do with them what they like', async () => {
    const { bytes } = open(60)
    const first = new Uint8Array(await bytes('720p/8.0.m4s'))
    const length = first.length
    first.fill(0)
    const second = new Uint8Array(await bytes('720p/8.0.m4s'))
    expect(second.length).toBe(length)
    expect(second.some((byte) => byte !== 0)).toBe(true)
  })

  it('fetches what a start needs before anybody asks, and then nothing of it again', async () => {
    const { origin, stream, bytes } = open(60)
    await stream.prime('720p', 9)
    const before = [...origin.asked]
    expect(before.filter((path) => /^720p\/\d+\.m4s/.test(path))).toEqual(['720p/8.m4s', '720p/9.m4s'])
    await Promise.all([bytes('720p/init-0.mp4'), bytes('720p/8.0.m4s'), bytes('audio/9.7.m4s')])
    expect(origin.asked.filter((path) => !before.includes(path))).toEqual([])
  })

  it('ends the playlist when the program ends', async () => {
    const { origin, text } = open(20)
    await text('720p/index.m3u8')
    origin.end()
    expect(await text('720p/index.m3u8?_HLS_msn=7&_HLS_part=4')).toContain('#EXT-X-ENDLIST')
  })

  it('knows when a shown part was captured, once its bytes were here', async () => {
    const { stream, bytes } = open(60)
    await stream.activate('720p')
    expect(stream.headerAt('720p', 16.3)).toBeNull()
    await bytes('720p/8.1.m4s')
    expect(stream.headerAt('720p', 16.3)?.captureTimeMs).toBe(1_700_000_000_000 + 65 * 250 + 7)
  })

  it('says so when it has fallen behind what the server keeps', async () => {
    const { origin, text, lost } = open(20)
    await text('720p/index.m3u8')
    origin.failures.set('720p/7.4.m4s', { status: 404, code: 'part_not_found' })
    origin.publish(400, 420)
    await until(() => lost.length > 0)
    expect(lost[0]?.code).toBe('fell_behind')
  })

  it('asks again after a hold that ran out', async () => {
    const { origin, text, lost } = open(20)
    origin.failures.set('720p/7.4.m4s', { status: 503, code: 'part_timeout' })
    await text('720p/index.m3u8')
    await until(() => countOf(origin.asked, /^720p\/7\.4\.m4s/) > 1)
    origin.failures.clear()
    origin.publish(60, 61)
    expect(newest(await text('720p/index.m3u8?_HLS_msn=7&_HLS_part=4'))).toEqual([7, 4])
    expect(lost).toEqual([])
  })

  it('refuses addresses that are none of its program’s', async () => {
    const { text } = open(20)
    await expect(text('../program2/720p/index.m3u8')).rejects.toMatchObject({ code: 'part_not_found' })
    await expect(text('720p/other.txt')).rejects.toMatchObject({ code: 'part_not_found' })
  })

  it('begins a young program with what there is of it, and asks for nothing that is listed as a gap', async () => {
    const origin = new MemoryOrigin()
    for (const name of ['720p', 'audio']) origin.track(name).noteGap(4, 10 - 1 / 30, 1 / 30)
    const { stream } = open(2, origin)
    await stream.prime('720p', 1)
    expect(countOf(origin.asked, /\/4\.(\d+\.)?m4s$/)).toBe(0)
    expect(countOf(origin.asked, /720p\/5\.[01]\.m4s$/)).toBe(2)
  })

  it('goes on where it was when the network is back, however often it was asked meanwhile', async () => {
    const { origin, text, lost } = open(20)
    await text('720p/index.m3u8')
    origin.isAway = true
    origin.publish(60, 61)
    await until(() => origin.missed > 25)
    origin.isAway = false
    origin.publish(61, 62)
    expect(newest(await text('720p/index.m3u8?_HLS_msn=7&_HLS_part=5'))).toEqual([7, 5])
    expect(lost).toEqual([])
  })

  it('gives up on a network that is away for longer than the server keeps anything', async () => {
    const { origin, text, lost } = open(20)
    await text('720p/index.m3u8')
    origin.isAway = true
    origin.publish(60, 61)
    await until(() => origin.missed > 2)
    origin.nowMs += 100_000
    await until(() => lost.length > 0)
    expect(lost[0]).toMatchObject({ code: 'network_failed' })
  })

  it('looks at the playlist when its parts are old, though they come no quicker than they are made', async () => {
    const { origin, text } = open(20)
    await text('720p/index.m3u8')
    const looks = countOf(origin.asked, /720p\/index/)
    origin.dateMs = CAPTURED_MS + 60 * 250 + 14_000
    origin.publish(60, 61)
    await until(() => countOf(origin.asked, /720p\/index/) > looks)
  })

  it('asks for nothing while a track is fed by another way, and goes on behind what that brought', async () => {
    const { origin, stream, text } = open(20)
    await text('720p/index.m3u8')
    const feed = await stream.activate('720p')
    feed.pause()
    // what was asked for already still comes
    origin.publish(60, 61)
    await until(() => feed.track.find(7, 4)?.bytes !== undefined)
    const before = origin.asked.length
    origin.publish(61, 70)
    for (let k = 61; k < 66; k++) feed.track.note(...partOf('720p', k))
    await soon()
    expect(origin.asked.length).toBe(before)
    feed.track.note(...partOf('720p', 67))
    feed.resume()
    await until(() => feed.track.head?.msn === 8 && feed.track.head.part === 5)
    const asked = origin.asked.slice(before).filter((path) => path.startsWith('720p/'))
    expect(asked.slice(0, 3)).toEqual(['720p/8.2.m4s', '720p/8.4.m4s', '720p/8.5.m4s'])
  })

  it('brings single parts that nobody else brought, once, and tells of all that came over HTTP', async () => {
    const { origin, stream, text } = open(20)
    const fetched: string[] = []
    stream.onFetched = ({ header }) => fetched.push(`${header.track} ${header.msn}.${header.part}`)
    await text('720p/index.m3u8')
    const { fetch, track } = await stream.activate('720p')
    await Promise.all([fetch.alone(7, 1), fetch.alone(7, 1)])
    await fetch.alone(7, 1)
    expect(track.find(7, 1)?.bytes).toBeTruthy()
    expect(countOf(origin.asked, /7\.1\.m4s/)).toBe(1)
    expect(fetched).toContain('720p 7.1')
  })

  it('knows what it follows, the latest last', async () => {
    const { stream } = open(20)
    await stream.activate('720p')
    await stream.activate('400p')
    expect(stream.followed).toEqual(['720p', '400p'])
    stream.rest('720p')
    expect(stream.followed).toEqual(['400p'])
    await stream.activate('720p')
    expect(stream.followed).toEqual(['400p', '720p'])
  })

  it('opens a track anew that could not be opened', async () => {
    const { origin, text } = open(20)
    origin.failures.set('720p/index.m3u8', { status: 404, code: 'rendition_not_found' })
    await expect(text('720p/index.m3u8')).rejects.toMatchObject({ code: 'part_not_found' })
    origin.failures.clear()
    expect(newest(await text('720p/index.m3u8'))).toEqual([7, 3])
  })
})
