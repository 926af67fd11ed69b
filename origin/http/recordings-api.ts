/** `/api/v1/live/{room}/recordings`: what there is of a room, with links to play and download it; and the way to be rid of it. */
import Router from 'koa-router'
import type { Middleware, ParameterizedContext } from 'koa'
import { HeadwaterError } from '../../runtime/errors.ts'
import type { RecordingLinks } from '../recording/links.ts'
import type { Recording } from '../recording/recording.ts'
import type { Recordings } from '../recording/recordings.ts'
import { publicOrigin } from '../room/addresses.ts'
import { ROOM_ID_PATTERN } from '../room/keys.ts'
import type { RoomRegistry } from '../room/registry.ts'
import type { RecordingAccess } from './recording-access.ts'

export interface RecordingsApiOptions {
  recordings: Recordings
  rooms: Pick<RoomRegistry, 'get'>
  access: RecordingAccess
  links: RecordingLinks
  publicUrl: string | null
}

/** The newest so many are listed. */
const MAX_LISTED = 500

/** Asked before the rooms' API; leaves alone what is not of recordings. */
export function createRecordingsApi(options: RecordingsApiOptions): Middleware {
  const router = new Router({ prefix: '/api/v1/live/:room', sensitive: true, strict: true })
  router.get('/recordings', (ctx) => list(ctx, options))
  router.delete('/recordings/:program', (ctx) => remove(ctx, options))
  const routes = router.routes() as unknown as Middleware
  return async (ctx, next) => {
    const layers = router.match(ctx.path, ctx.method).path
    if (layers.length === 0 || ctx.method === 'OPTIONS') return next()
    const methods = layers.flatMap((layer) => layer.methods)
    if (!methods.includes(ctx.method)) {
      ctx.set('Allow', [...new Set([...methods, 'OPTIONS'])].join(', '))
      throw new HeadwaterError('method_not_allowed', `${ctx.method} is not possible at ${ctx.path}`)
    }
    if (ctx.method !== 'DELETE') ctx.set('Access-Control-Allow-Origin', '*')
    await routes(ctx, next)
  }
}

async function list(ctx: ParameterizedContext, options: RecordingsApiOptions): Promise<void> {
  const { recordings, rooms, access, publicUrl } = options
  const roomId = roomParam(ctx)
  await access.mayManage(ctx.req, roomId)
  rooms.get(roomId)
  const base = `${publicOrigin(publicUrl, ctx.headers.host)}/api/v1/live/${roomId}/recordings/`
  const all = await recordings.list(roomId)
  const view = (recording: Recording): object => viewRecording(recording, base, options)
  ctx.body = { code: 0, data: { recordings: all.slice(0, MAX_LISTED).map(view), total: all.length } }
}

async function remove(
  ctx: ParameterizedContext,
  { recordings, access }: RecordingsApiOptions,
): Promise<void> {
  const roomId = roomParam(ctx)
  await access.requireManager(ctx.req, roomId)
  const programId = paramOf(ctx, 'program')
  await recordings.remove(roomId, programId)
  ctx.body = { code: 0, data: { room_id: roomId, program_id: programId } }
}

function viewRecording(recording: Recording, base: string, { access, links }: RecordingsApiOptions): object {
  const { roomId, programId } = recording
  const query = access.isPublic(roomId)
    ? ''
    : `access=${encodeURIComponent(links.sign(roomId, programId, Date.now()))}`
  const address = (ending: string, more = ''): string => {
    const queries = [query, more].filter(Boolean).join('&')
    return `${base}${programId}${ending}${queries === '' ? '' : `?${queries}`}`
  }
  return {
    room_id: roomId,
    program_id: programId,
    title: recording.title,
    started_at: recording.startedAtMs,
    ended_at: recording.endedAtMs,
    duration_ms: recording.durationMs,
    bytes: recording.bytes,
    interruptions: recording.interruptions,
    complete: recording.complete,
    rendition: recording.rendition,
    width: recording.width,
    height: recording.height,
    failure: recording.failure,
    file_url: address('.mp4'),
    download_url: address('.mp4', 'download=1'),
    playlist_url: address('.m3u8'),
  }
}

function roomParam(ctx: ParameterizedContext): string {
  const roomId = paramOf(ctx, 'room')
  if (!ROOM_ID_PATTERN.test(roomId)) throw new HeadwaterError('room_not_found', 'there is no such room')
  return roomId
}

function paramOf(ctx: ParameterizedContext, name: string): string {
  const { params } = ctx as unknown as { params: Record<string, string | undefined> }
  return params[name] ?? ''
}
