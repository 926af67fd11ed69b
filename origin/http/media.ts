/** What edges ask: playlists, init segments, segments and parts of a program; what does not exist yet is waited for. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { PROGRAM_AUDIO } from '../../media/aac.ts'
import { parseDeliveryDirectives } from '../../media/playlist/directives.ts'
import { formatMediaPlaylist, viewMediaPlaylist } from '../../media/playlist/media.ts'
import { formatMultivariantPlaylist } from '../../media/playlist/multivariant.ts'
import { AUDIO_PART_TARGET_SEC, HOLD_BACK_SEC, videoPartTargetSec } from '../../media/playlist/timing.ts'
import { runningNumber } from '../../media/part.ts'
import { TrackClosed, type Track } from '../../media/track.ts'
import { HeadwaterError } from '../../runtime/errors.ts'
import { answer, isReadRequest } from '../../runtime/http/respond.ts'
import type { Logger } from '../../runtime/logger.ts'
import { AUDIO_TRACK, type PackagedTrack } from '../packager/packager.ts'
import type { RoomRegistry } from '../room/registry.ts'
import { ROOM_ACCESS_HEADER } from '../../runtime/http/room-access-header.ts'
import type { LivePrograms } from '../program/live-programs.ts'
import type { Program } from '../program/program.ts'
import { sendRenditionFlv } from './rendition-flv.ts'
import { sendProgramFlv } from '../program/feed.ts'

const MEDIA_ROOT = '/internal/media/live/'
const MULTIVARIANT = /^(?<room>[\w-]{3,64})\/master\.m3u8$/
const FLV = /^(?<room>[\w-]{3,64})\/(?<rendition>[a-z0-9]{1,16})\.flv$/
const IN_TRACK =
  /^(?<room>[\w-]{3,64})\/(?<program>[a-z0-9]{8,32})\/(?<track>[a-z0-9]{1,16})\/(?<file>[a-z0-9.-]{1,32})$/
const MEDIA_FILE = /^(?<msn>\d{1,10})(?:\.(?<part>[0-7]))?\.m4s$/
/** META, `prft` and `moof` of four parts a second. */
const PART_OVERHEAD_BITS = 4 * 450 * 8
/** How far ahead of the newest part a request may wait; farther is a mistake. */
const MAX_PARTS_AHEAD = 24
const MAX_BEHIND_SECONDS = 60
/** RFC 8216bis, 6.2.5.2: a blocked request is given up after three target durations. */
const BLOCK_LIMIT_MS = HOLD_BACK_SEC * 1000

export interface MediaHandlerOptions {
  programs: LivePrograms
  rooms: Pick<RoomRegistry, 'find'>
  logger: Logger
}

export class MediaHandler {
  readonly #programs: LivePrograms
  readonly #rooms: Pick<RoomRegistry, 'find'>
  readonly #logger: Logger

  constructor({ programs, rooms, logger }: MediaHandlerOptions) {
    this.#programs = programs
    this.#rooms = rooms
    this.#logger = logger
  }

  /** A plain handler, mounted behind the check of the cluster secret. */
  handle(req: IncomingMessage, res: ServerResponse, url: URL): boolean {
    if (!url.pathname.startsWith(MEDIA_ROOT)) return false
    this.#sayAccess(res, url)
    if (isReadRequest(req, res)) answer(res, this.#logger, () => this.#answer(res, url))
    return true
  }

  /** With every answer of a room: who edges may give it to. */
  #sayAccess(res: ServerResponse, url: URL): void {
    const [roomId = ''] = url.pathname.slice(MEDIA_ROOT.length).split('/', 1)
    const room = this.#rooms.find(roomId)
    if (room) res.setHeader(ROOM_ACCESS_HEADER, room.settings.isPrivate ? 'private' : 'public')
  }

  async #answer(res: ServerResponse, url: URL): Promise<void> {
    const path = url.pathname.slice(MEDIA_ROOT.length)
    const inTrack = IN_TRACK.exec(path)?.groups
    if (inTrack) return this.#answerTrack(res, url, inTrack)
    const multivariant = MULTIVARIANT.exec(path)?.groups
    if (multivariant) return sendPlaylist(res, formatMultivariant(this.#playable(multivariant['room'] ?? '')))
    const flv = FLV.exec(path)?.groups
    if (!flv) throw new HeadwaterError('not_found', 'there is no such media address')
    const program = this.#running(flv['room'] ?? '')
    const behindMs = behindOf(url)
    if (flv['rendition'] === 'source') return sendProgramFlv(res, program, behindMs)
    return sendRenditionFlv(res, program, { rendition: flv['rendition'] ?? '', behindMs })
  }

  async #answerTrack(res: ServerResponse, url: URL, groups: Record<string, string>): Promise<void> {
    const { room = '', program: programId, track: name = '', file = '' } = groups
    const program = this.#programs.program(room)
    if (!program || program.id !== programId)
      throw new HeadwaterError('room_not_live', 'this program is over')
    const packaged = program.packager.find(name)
    if (!packaged) throw new HeadwaterError('rendition_not_found', `there is no track ${name}`)
    if (file === 'index.m3u8') return this.#answerPlaylist(res, url, program, packaged)
    if (file === 'init-0.mp4') return sendBytes(res, [requireInit(packaged)])
    const media = MEDIA_FILE.exec(file)?.groups
    if (!media) throw new HeadwaterError('not_found', 'there is no such media address')
    const msn = Number(media['msn'])
    if (media['part'] === undefined) return sendBytes(res, await waitForSegment(res, packaged.track, msn))
    return sendBytes(res, [await waitForPart(res, packaged.track, msn, Number(media['part']))])
  }

  async #answerPlaylist(
    res: ServerResponse,
    url: URL,
    program: Program,
    packaged: PackagedTrack,
  ): Promise<void> {
    const { track } = packaged
    const partTargetSec = partTargetOf(packaged)
    const asked = parseDeliveryDirectives(url.searchParams, {
      head: track.head,
      ended: track.ended,
      partTargetSec,
    })
    if (asked.kind === 'refuse') throw new HeadwaterError('bad_request', asked.message)
    if (asked.kind === 'wait') await waitUntil(res, track, asked.msn, asked.part)
    // hls.js takes a playlist without a whole segment for an error.
    await blockUntil(res, 'the first segment', (signal) => track.whenListed(signal))
    const tracks = program.packager.tracks().map((each) => each.track)
    const options = { partTargetSec, epochMs: program.epochMs, skip: asked.skip }
    sendPlaylist(res, formatMediaPlaylist(viewMediaPlaylist(track, tracks), options))
  }

  #playable(roomId: string): Program {
    const program = this.#programs.program(roomId)
    if (!program?.packager.isPlayable)
      throw new HeadwaterError('room_not_live', 'nothing is live in this room')
    return program
  }

  /** Playlists and parts of an ended program can be read for a while; an FLV of it would neither go on nor end. */
  #running(roomId: string): Program {
    const program = this.#playable(roomId)
    if (program.state === 'ended' || program.state === 'refused')
      throw new HeadwaterError('room_not_live', 'this program is over')
    return program
  }
}

/** How far back an FLV begins, as an edge asks for its ring. */
function behindOf(url: URL): number {
  const seconds = Number(url.searchParams.get('behind') ?? 0)
  return Number.isFinite(seconds) ? Math.min(Math.max(0, seconds), MAX_BEHIND_SECONDS) * 1000 : 0
}

function partTargetOf({ plan }: PackagedTrack): number {
  return plan ? videoPartTargetSec(plan.fps) : AUDIO_PART_TARGET_SEC
}

function formatMultivariant(program: Program): string {
  const tracks = program.packager.tracks()
  const audio = tracks.find(({ plan }) => plan === null)
  return formatMultivariantPlaylist({
    program: program.id,
    audio: audio
      ? { track: AUDIO_TRACK, codec: audio.codecs ?? '', channels: PROGRAM_AUDIO.channels, ...rates(audio) }
      : null,
    video: tracks.flatMap((each) => {
      if (!each.plan || !each.codecs) return []
      const { name, width, height, fps } = each.plan
      return [{ track: name, codec: each.codecs, width, height, fps, ...rates(each) }]
    }),
  })
}

/** In bit/s: encoders may peak a tenth above, and parts have their headers. */
function rates({ bitrateKbps }: PackagedTrack): { bandwidth: number; averageBandwidth: number } {
  const averageBandwidth = bitrateKbps * 1000 + PART_OVERHEAD_BITS
  return { bandwidth: Math.round(averageBandwidth * 1.1), averageBandwidth }
}

function requireInit({ track }: PackagedTrack): Uint8Array {
  if (!track.init) throw new HeadwaterError('part_not_found', 'the init segment is not there yet')
  return track.init
}

async function waitForPart(
  res: ServerResponse,
  track: Track,
  msn: number,
  part: number,
): Promise<Uint8Array> {
  await waitUntil(res, track, msn, part)
  const bytes = track.find(msn, part)?.bytes
  if (!bytes)
    throw new HeadwaterError('part_not_found', `part ${msn}.${part} is not there: too old, or never made`)
  return bytes
}

async function waitForSegment(res: ServerResponse, track: Track, msn: number): Promise<Uint8Array[]> {
  await waitUntil(res, track, msn + 1, 0)
  const segment = track.findSegment(msn)
  if (!segment || segment.parts.length === 0)
    throw new HeadwaterError('part_not_found', `segment ${msn} is not there: too old, or never made`)
  return segment.parts.flatMap((each) => (each.bytes ? [each.bytes] : []))
}

/** Waits for a part that is next in line. Throws `part_not_found` or `part_timeout`. */
async function waitUntil(res: ServerResponse, track: Track, msn: number, part: number): Promise<void> {
  if (track.reaches(msn, part)) return
  const ahead = track.head ? runningNumber({ msn, part }) - runningNumber(track.head) : 0
  if (ahead > MAX_PARTS_AHEAD)
    throw new HeadwaterError('part_not_found', `part ${msn}.${part} is ${ahead} parts ahead`)
  await blockUntil(res, `part ${msn}.${part}`, (signal) => track.whenReached(msn, part, signal))
}

/** Waits no longer than blocked requests may, and not for a client that is gone. Throws `part_timeout`, `room_not_live`. */
async function blockUntil(
  res: ServerResponse,
  what: string,
  wait: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const giveUp = new AbortController()
  const onClose = (): void => giveUp.abort()
  res.once('close', onClose)
  const limit = setTimeout(onClose, BLOCK_LIMIT_MS)
  try {
    await wait(giveUp.signal)
  } catch (error) {
    if (error instanceof TrackClosed && error.reason === 'crowded')
      throw new HeadwaterError('not_ready', `too many wait for ${what}`)
    if (error instanceof TrackClosed) throw new HeadwaterError('room_not_live', 'this program is over')
    throw new HeadwaterError('part_timeout', `${what} did not come within ${BLOCK_LIMIT_MS / 1000} s`)
  } finally {
    clearTimeout(limit)
    res.off('close', onClose)
  }
}

function sendPlaylist(res: ServerResponse, text: string): void {
  res.writeHead(200, {
    'Content-Type': 'application/vnd.apple.mpegurl',
    'Content-Length': Buffer.byteLength(text),
  })
  res.end(text)
}

/** Written as they are: a segment is the buffers of its parts. */
function sendBytes(res: ServerResponse, chunks: readonly Uint8Array[]): void {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  res.writeHead(200, { 'Content-Type': 'video/mp4', 'Content-Length': length })
  res.socket?.cork()
  for (const chunk of chunks) res.write(chunk)
  res.end()
  res.socket?.uncork()
}
