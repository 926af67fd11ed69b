/** FLV over HTTP out of a program: video for encoders, the whole program for edges. Bounded: who does not read is cut. */
import type { ServerResponse } from 'node:http'
import { PARTS_PER_SECOND } from '../../media/part.ts'
import { encodeFlvTag, FLV_HEADER, type FlvTag } from '../../media/flv-tag.ts'
import type { Program } from './program.ts'

/** Ten seconds at 20 Mbit/s, and the past an encoder begins with. */
const MAX_UNSENT_BYTES = 48 * 1024 * 1024
const VIDEO_ONLY_HEADER = Uint8Array.from(FLV_HEADER, (byte, index) => (index === 4 ? 1 : byte))

/** Video from the last keyframe before part k on, then live, until the program drains. */
export function sendVideoFeed(res: ServerResponse, program: Program, k: number): void {
  const feed = new FlvResponse(
    res,
    { program, header: VIDEO_ONLY_HEADER },
    program.videoLog.since((k * 1000) / PARTS_PER_SECOND),
  )
  const stops = [program.videoLog.follow((tag) => feed.write(tag)), program.onDrain(() => feed.end())]
  feed.onClose(() => stops.forEach((stop) => stop()))
}

/** The program's own FLV from a keyframe on, the newest unless one farther back is asked for, until it drains. */
export function sendProgramFlv(res: ServerResponse, program: Program, behindMs: number): void {
  const feed = new FlvResponse(res, { program, header: FLV_HEADER }, program.flvLog.beginning(behindMs))
  const stops = [program.flvLog.follow((tag) => feed.write(tag)), program.onDrain(() => feed.end())]
  feed.onClose(() => stops.forEach((stop) => stop()))
}

/** One endless FLV answer. */
export class FlvResponse {
  readonly #res: ServerResponse

  constructor(
    res: ServerResponse,
    { program, header }: { program: Program; header: Uint8Array },
    beginning: readonly FlvTag[],
  ) {
    this.#res = res
    res.writeHead(200, {
      'Content-Type': 'video/x-flv',
      'Cache-Control': 'no-store',
      // Edges tell by it whether a stream they join again is still the same timeline.
      'X-Headwater-Program': program.id,
      // And from where on it is not what they were sent before.
      ...(program.resumedMs === null ? {} : { 'X-Headwater-Resumed': program.resumedMs }),
    })
    res.socket?.setNoDelay(true)
    res.write(header)
    for (const tag of beginning) this.write(tag)
  }

  write(tag: FlvTag): void {
    if (this.#res.destroyed) return
    this.#res.write(encodeFlvTag(tag))
    if (this.#res.writableLength > MAX_UNSENT_BYTES) this.#res.destroy()
  }

  end(): void {
    this.#res.end()
  }

  onClose(listener: () => void): void {
    this.#res.once('close', listener)
    if (this.#res.destroyed) listener()
  }
}
