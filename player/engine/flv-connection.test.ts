import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../media/bytes.ts'
import { encodeFlvTag, FLV_HEADER, FlvParser } from '../../media/flv-stream.ts'
import { MediaFetch } from '../stream/media-fetch.ts'
import { FlvConnection, type FlvConnectionEnd } from './flv-connection.ts'

/** Video every 40 ms, as a whole answer. */
function stream(fromMs: number, toMs: number): Uint8Array {
  const tag = (ms: number, ...data: number[]): Uint8Array =>
    encodeFlvTag({ type: 'video', timestampMs: ms, data: Uint8Array.from(data) })
  const pieces = [FLV_HEADER, tag(0, 0x17, 0, 0, 0, 0, 1)]
  for (let ms = fromMs; ms < toMs; ms += 40) pieces.push(tag(ms, 0x27, 1, 0, 0, 0, 9))
  return concatBytes(pieces)
}

interface Trial {
  asked: string[]
  times: () => number[]
  end: FlvConnectionEnd
}

/** Each answer in its turn: bytes that end, bytes that break, or a refusal. */
async function run(answers: (() => Response)[]): Promise<Trial> {
  const asked: string[] = []
  const http = new MediaFetch({
    fetch: async (input) => {
      asked.push(new URL(String(input)).search)
      const answer = answers.shift()
      if (!answer) throw new TypeError('no network')
      return answer()
    },
    retry: { firstMs: 1, maxMs: 2 },
  })
  const pieces: Uint8Array[] = []
  const connection = new FlvConnection({
    address: 'http://host/live/room/source.flv',
    behindS: 9,
    http,
    onBytes: (bytes) => pieces.push(bytes),
    onTag: () => undefined,
  })
  const end = await connection.run()
  const times = (): number[] =>
    new FlvParser().push(concatBytes(pieces)).map(({ timestampMs }) => timestampMs)
  return { asked, times, end }
}

const whole = (bytes: Uint8Array) => () => new Response(bytes.slice())
const broken = (bytes: Uint8Array) => () =>
  new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(bytes),
      pull: (controller) => controller.error(new TypeError('connection reset')),
    }),
  )
const refused = (status: number, code: string) => () => Response.json({ code, message: '' }, { status })

describe('FlvConnection', () => {
  it('goes on over a new connection without a hole or a repeat, and ends when the room does', async () => {
    const first = stream(1000, 1400)
    const { asked, times, end } = await run([
      broken(first.subarray(0, first.length - 5)),
      refused(502, 'upstream_unavailable'),
      whole(stream(1000, 1800)),
      refused(404, 'room_not_live'),
    ])
    expect(end).toEqual({ reason: 'over' })
    expect(times()).toEqual([1000, ...Array.from({ length: 20 }, (_, i) => 1000 + 40 * i)])
    expect(asked).toEqual(['?behind=9', '?behind=5', '?behind=5', '?behind=5'])
  })

  it('fails where the new connection begins too late', async () => {
    const { end } = await run([broken(stream(1000, 1400)), whole(stream(9000, 9400))])
    expect(end).toMatchObject({ reason: 'failed', error: { code: 'fell_behind' } })
  })

  it('fails when there was nothing to play from the start', async () => {
    expect((await run([refused(404, 'room_not_live')])).end).toMatchObject({
      reason: 'failed',
      error: { code: 'room_not_live' },
    })
  })

  it('takes a stream that repeats its end for ended', async () => {
    const last = stream(1000, 1400)
    const { end, asked } = await run([last, last, last, last, last].map(whole))
    expect(end).toEqual({ reason: 'over' })
    expect(asked.length).toBe(4)
  })
})
