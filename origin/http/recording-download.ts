/** GET …/recordings/{program}.mp4 and .m3u8: files and byte ranges of them, streamed from disk as fast as the client takes them. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { formatRecordingPlaylist, segmentsOf } from '../../media/playlist/recording.ts'
import { HeadwaterError } from '../../runtime/errors.ts'
import { parseRange, type ByteRange } from '../../runtime/http/range.ts'
import { allowAnyOrigin, answer, isReadRequest, sendText } from '../../runtime/http/respond.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Recording } from '../recording/recording.ts'
import type { Recordings } from '../recording/recordings.ts'
import type { RecordingAccess } from './recording-access.ts'

export interface RecordingDownloadOptions {
  recordings: Recordings
  access: RecordingAccess
  logger: Logger
  maxDownloads?: number
}

const PATH =
  /^\/api\/v1\/live\/(?<room>[A-Za-z0-9_-]{3,64})\/recordings\/(?<program>[a-z0-9]{8,32})\.(?<kind>mp4|m3u8)$/
const MAX_DOWNLOADS = 200
/** A client that takes nothing for this long is let go; a paused player asks again where it was. */
const IDLE_LIMIT_MS = 120_000

export class RecordingDownloads {
  readonly #options: RecordingDownloadOptions
  #running = 0

  constructor(options: RecordingDownloadOptions) {
    this.#options = options
  }

  /** For the public listener. */
  handle(req: IncomingMessage, res: ServerResponse, url: URL): boolean {
    const { room = '', program = '', kind } = PATH.exec(url.pathname)?.groups ?? {}
    if (kind === undefined) return false
    if (!isReadRequest(req, res)) return true
    answer(res, this.#options.logger, async () => {
      const { access, recordings } = this.#options
      const link = url.searchParams.get('access')
      await access.check(req, { roomId: room, programId: program }, link)
      const recording = await recordings.get(room, program)
      allowAnyOrigin(res)
      if (kind === 'm3u8') await this.#sendPlaylist(res, recording, link)
      else await this.#sendMovie(req, res, { recording, isDownload: url.searchParams.has('download') })
    })
    return true
  }

  async #sendPlaylist(res: ServerResponse, recording: Recording, link: string | null): Promise<void> {
    const segments = segmentsOf(await this.#options.recordings.parts(recording))
    const isRunning = !recording.complete
    const text = formatRecordingPlaylist({
      uri: `${recording.programId}.mp4${link === null ? '' : `?access=${encodeURIComponent(link)}`}`,
      init: recording.init,
      // The last one may still grow.
      segments: isRunning ? segments.slice(0, -1) : segments,
      isComplete: recording.complete,
    })
    sendText(res, 200, text, 'application/vnd.apple.mpegurl')
  }

  async #sendMovie(
    req: IncomingMessage,
    res: ServerResponse,
    { recording, isDownload }: { recording: Recording; isDownload: boolean },
  ): Promise<void> {
    const { movie } = this.#options.recordings.files.paths(recording.roomId, recording.programId)
    const { size, mtimeMs } = await stat(movie)
    const length = recording.complete ? size : Math.min(size, recording.bytes)
    const tag = `"${length.toString(36)}-${Math.trunc(mtimeMs).toString(36)}"`
    setMovieHeaders(res, recording, isDownload)
    if (recording.complete) {
      res.setHeader('ETag', tag)
      if (req.headers['if-none-match'] === tag) return void res.writeHead(304).end()
    }
    const isSame = req.headers['if-range'] === undefined || req.headers['if-range'] === tag
    const range = isSame ? parseRange(req.headers.range, length) : null
    if (range === 'unsatisfiable') {
      return void res.writeHead(416, { 'Content-Range': `bytes */${length}`, 'Content-Length': 0 }).end()
    }
    const bytes = range ?? { first: 0, last: length - 1 }
    res.setHeader('Content-Length', bytes.last - bytes.first + 1)
    if (range) res.setHeader('Content-Range', `bytes ${range.first}-${range.last}/${length}`)
    await this.#stream(req, res, { movie, bytes, status: range ? 206 : 200 })
  }

  async #stream(
    req: IncomingMessage,
    res: ServerResponse,
    { movie, bytes, status }: { movie: string; bytes: ByteRange; status: number },
  ): Promise<void> {
    if (req.method === 'HEAD') return void res.writeHead(status).end()
    if (this.#running >= (this.#options.maxDownloads ?? MAX_DOWNLOADS)) {
      res.removeHeader('Content-Length')
      throw new HeadwaterError('not_ready', `${this.#running} recordings are being read, no more are allowed`)
    }
    this.#running++
    res.setTimeout(IDLE_LIMIT_MS, () => res.destroy())
    try {
      res.writeHead(status)
      // A client that goes away midway is no fault of anybody.
      await pipeline(createReadStream(movie, { start: bytes.first, end: bytes.last }), res).catch(() =>
        res.destroy(),
      )
    } finally {
      this.#running--
    }
  }
}

function setMovieHeaders(res: ServerResponse, recording: Recording, isDownload: boolean): void {
  res.setHeader('Content-Type', 'video/mp4')
  res.setHeader('Accept-Ranges', 'bytes')
  res.setHeader('X-Content-Type-Options', 'nosniff')
  res.setHeader('Cache-Control', recording.complete ? 'private, no-cache' : 'no-store')
  res.setHeader('Content-Disposition', `${isDownload ? 'attachment' : 'inline'}; ${fileNameOf(recording)}`)
}

/** Both forms of a file name (RFC 6266, 4.3), free of what a header or a file system would take otherwise. */
function fileNameOf({ title, programId, startedAtMs }: Recording): string {
  const date = new Date(startedAtMs).toISOString().slice(0, 16).replace(/[-:]/g, '').replace('T', '-')
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is taken out
  const safe = title.replace(/[\u0000-\u001f\u007f"*/:<>?\\|%;\s]+/g, ' ').trim()
  const name = `${safe || programId} ${date}.mp4`
  const plain = name.replace(/[^\x20-\x7e]+/g, '_')
  return `filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name).replace(/['()]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`)}`
}
