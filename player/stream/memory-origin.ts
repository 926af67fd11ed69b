/** For tests: a program's tracks served through a `fetch` of their own, in memory, as origin and edge would. */
import { encodeMeta, encodeMetaBox, PARTS_PER_SEGMENT, partIdOf } from '../../media/part.ts'
import type { PartHeader } from '../../media/part.ts'
import { concatBytes } from '../../media/bytes.ts'
import { chunkBytesFor, hashChunks, signingInput, type Sign } from '../../media/signature.ts'
import { formatMediaPlaylist, viewMediaPlaylist } from '../../media/playlist/media.ts'
import { AUDIO_PART_TARGET_SEC, videoPartTargetSec } from '../../media/playlist/timing.ts'
import { Track } from '../../media/track.ts'
import { gridOfPartTarget } from './part-grid.ts'

export const ORIGIN_ADDRESS = 'http://memory.test/live/abcdefghij/master.m3u8'
export const PROGRAM = 'program1'
const EPOCH_MS = 1_700_000_000_000
/** when running number 0 would have been captured */
export const CAPTURED_MS: number = EPOCH_MS + 7
const MASTER = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="audio",DEFAULT=YES,URI="${PROGRAM}/audio/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1800000,RESOLUTION=1280x720,AUDIO="audio"
${PROGRAM}/720p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=700000,RESOLUTION=712x400,AUDIO="audio"
${PROGRAM}/400p/index.m3u8
`

export class MemoryOrigin {
  /** paths asked for so far, without the program's folder */
  readonly asked: string[] = []
  readonly fetch: typeof fetch = async (input, init) => {
    if (this.isAway) {
      this.missed++
      throw new TypeError('no network')
    }
    const answer = await this.#answer(String(input), init?.signal ?? null)
    if (this.dateMs !== null) answer.headers.set('date', new Date(this.dateMs).toUTCString())
    return answer
  }
  /** answers to give instead of the real ones, by path */
  readonly failures = new Map<string, { status: number; code: string }>()
  /** the clock of its world: each part takes its quarter of a second */
  nowMs = 0
  roundTripMs = 0
  /** a broken server: blocked requests are answered at once, with what is known */
  isStuck = false
  /** nothing comes through */
  isAway = false
  /** requests made meanwhile */
  missed = 0
  /** server's clock that answers carry as their Date; null: none */
  dateMs: number | null = null
  readonly #tracks = new Map<string, Track>()
  /** signs what is published from now on; null: nobody will look at signatures */
  sign: Sign | null = null

  constructor(names: readonly string[] = ['720p', '400p', 'audio'], maxSegments = 30) {
    for (const name of names) {
      const track = new Track({ name, maxSegments })
      track.init = new TextEncoder().encode(`init of ${name}`)
      this.#tracks.set(name, track)
    }
  }

  track(name: string): Track {
    const track = this.#tracks.get(name)
    if (!track) throw new Error(`no track ${name}`)
    return track
  }

  /** Makes parts of all tracks, from running number `from` up to and without `to`. */
  publish(from: number, to: number): void {
    for (const track of this.#tracks.values())
      for (let k = from; k < to; k++) track.note(...partOf(track.name, k, this.sign))
    this.nowMs += (to - from) * 250
  }

  end(): void {
    for (const track of this.#tracks.values()) track.end()
  }

  async #answer(address: string, signal: AbortSignal | null): Promise<Response> {
    const { pathname, searchParams } = new URL(address)
    const path = pathname.replace(`/live/abcdefghij/${PROGRAM}/`, '').replace('/live/abcdefghij/', '')
    this.asked.push(path)
    this.nowMs += this.roundTripMs
    const failure = this.failures.get(path)
    if (failure) return Response.json({ code: failure.code, message: '' }, { status: failure.status })
    if (path === 'master.m3u8') return new Response(MASTER)
    const [name = '', file = ''] = path.split('/')
    const track = this.track(name)
    if (file === 'index.m3u8') return this.#playlist(track, searchParams, signal)
    if (file.startsWith('init')) return new Response(track.init?.slice())
    const [msn = 0, part] = file
      .split('.')
      .filter((piece) => /^\d+$/.test(piece))
      .map(Number)
    return part === undefined ? segmentAnswer(track, msn) : partAnswer(track, msn, part, signal)
  }

  async #playlist(track: Track, query: URLSearchParams, signal: AbortSignal | null): Promise<Response> {
    const msn = query.get('_HLS_msn')
    if (msn !== null && !this.isStuck)
      await track.whenReached(Number(msn), Number(query.get('_HLS_part') ?? 0), signal ?? undefined)
    const partTargetSec = targetOf(track.name)
    const text = formatMediaPlaylist(viewMediaPlaylist(track, []), { partTargetSec, epochMs: EPOCH_MS })
    return new Response(text)
  }
}

/** A part's header and bytes: the body only says which part it is. */
export function partOf(track: string, k: number, sign: Sign | null = null): [PartHeader, Uint8Array] {
  const { timescale, startOf } = gridOfPartTarget(targetOf(track))
  const id = partIdOf(k)
  const header: PartHeader = {
    ...id,
    program: PROGRAM,
    track,
    independent: id.part === 0,
    lastOfSegment: id.part === PARTS_PER_SEGMENT - 1,
    timescale,
    mediaTime: startOf(k),
    duration: startOf(k + 1) - startOf(k),
    captureTimeMs: CAPTURED_MS + k * 250,
  }
  const body = bodyBox(`${track} ${k}`)
  const chunkBytes = sign ? chunkBytesFor(body.length) : body.length
  const chunkHashes = sign ? hashChunks(body, chunkBytes) : [new Uint8Array(16)]
  const signed = encodeMeta({ header, bodyBytes: body.length, chunkBytes, chunkHashes })
  const signature = sign ? sign(signingInput(signed)) : new Uint8Array(64)
  return [header, concatBytes([encodeMetaBox(signed, signature), body])]
}

function targetOf(track: string): number {
  return track === 'audio' ? AUDIO_PART_TARGET_SEC : videoPartTargetSec(30)
}

function bodyBox(text: string): Uint8Array {
  const content = new TextEncoder().encode(`mdat${text}`)
  return concatBytes([new Uint8Array([0, 0, 0, content.length + 4]), content])
}

function segmentAnswer(track: Track, msn: number): Response {
  const segment = track.findSegment(msn)
  const pieces = segment?.parts.flatMap(({ bytes }) => (bytes ? [bytes] : [])) ?? []
  return segment?.done ? new Response(concatBytes(pieces).slice()) : notFound()
}

async function partAnswer(
  track: Track,
  msn: number,
  part: number,
  signal: AbortSignal | null,
): Promise<Response> {
  await track.whenReached(msn, part, signal ?? undefined)
  const found = track.find(msn, part)
  return found?.bytes ? new Response(found.bytes.slice()) : notFound()
}

function notFound(): Response {
  return Response.json({ code: 'part_not_found', message: '' }, { status: 404 })
}
