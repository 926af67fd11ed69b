/** Reads a public media address into what is asked for. Strict: whatever does not match is never asked of the origin. */

import { HeadwaterError } from '../runtime/errors.ts'

interface InRoom {
  room: string
  /** Public address below the origin's media root, in one spelling: the cache key. */
  path: string
}

interface InTrack extends InRoom {
  program: string
  track: string
}

/** The `_HLS_` directives of a blocking or delta request (RFC 8216bis, 6.2.5). */
export interface PlaylistDirectives {
  msn: number | null
  part: number | null
  skip: 'YES' | 'v2' | null
}

export type ObjectRequest =
  | (InRoom & { kind: 'multivariant' })
  | (InTrack & { kind: 'playlist' } & PlaylistDirectives)
  | (InTrack & { kind: 'init'; init: number })
  | (InTrack & { kind: 'segment'; msn: number })
  | (InTrack & { kind: 'part'; msn: number; part: number })

/** `behindMs` is how far back in the ring of whole GOPs the viewer wants to begin; 0 is the newest keyframe. */
export type FlvRequest = InRoom & { kind: 'flv'; rendition: string; behindMs: number }

export type MediaRequest = ObjectRequest | FlvRequest | { kind: 'redirect'; location: string }

export type ObjectKind = ObjectRequest['kind']

const ROOM = '(?<room>[A-Za-z0-9_-]{3,64})'
const TRACK = '(?<program>[a-z0-9]{8,32})/(?<track>[a-z0-9]{1,16})'
// No leading zeros: one object has one address. Ten digits of segments are six centuries.
const NUMBER = '(?:0|[1-9][0-9]{0,9})'

const MULTIVARIANT = new RegExp(`^/live/${ROOM}/master\\.m3u8$`)
const MULTIVARIANT_ALIAS = new RegExp(`^/hls/${ROOM}\\.m3u8$`)
const FLV = new RegExp(`^/live/${ROOM}/(?<rendition>[a-z0-9]{1,16})\\.flv$`)
const FLV_ALIAS = new RegExp(`^/flv/${ROOM}\\.flv$`)
const PLAYLIST = new RegExp(`^/live/${ROOM}/${TRACK}/index\\.m3u8$`)
const INIT = new RegExp(`^/live/${ROOM}/${TRACK}/init-(?<init>${NUMBER})\\.mp4$`)
const MEDIA = new RegExp(`^/live/${ROOM}/${TRACK}/(?<msn>${NUMBER})(?:\\.(?<part>[0-7]))?\\.m4s$`)
const WHOLE_NUMBER = new RegExp(`^${NUMBER}$`)

const MAX_BEHIND_MS = 60_000

/** Before any media address: the viewer token it is asked for with, for players that send no cookie. Addresses in playlists are relative, and keep it. */
const TOKEN_PREFIX = /^\/t\/(?<token>[^/?]{1,256})(?=\/(?:live|hls|flv)\/)/

/** Whether an address belongs to the edge; whether there is something at it is for `parseMediaPath` to say. */
export function isMediaPath(target: string): boolean {
  const isPlain = target.startsWith('/live/') || target.startsWith('/hls/') || target.startsWith('/flv/')
  return isPlain || (target.startsWith('/t/') && TOKEN_PREFIX.test(target))
}

/** Takes the viewer token off: `prefix` is what stood before `target`. */
export function splitViewerToken(address: string): { prefix: string; token: string | null; target: string } {
  const found = address.startsWith('/t/') ? TOKEN_PREFIX.exec(address) : null
  const prefix = found?.[0] ?? ''
  return { prefix, token: found?.groups?.['token'] ?? null, target: address.slice(prefix.length) }
}

/** Parses a request target (path and query). Throws `not_found`, or `bad_request` for directives that make no sense. */
export function parseMediaPath(target: string): MediaRequest {
  const at = target.indexOf('?')
  const path = at < 0 ? target : target.slice(0, at)
  const object = parseObject(path)
  if (object !== null) return object
  const query = new URLSearchParams(at < 0 ? '' : target.slice(at + 1))
  const request = parsePlaylist(path, query) ?? parseRoomPath(path, query)
  if (request === null) throw new HeadwaterError('not_found', 'there is no such media address')
  return request
}

// First, since parts are most of what is asked.
function parseObject(path: string): MediaRequest | null {
  const media = MEDIA.exec(path)?.groups
  if (media !== undefined) {
    const msn = Number(media['msn'])
    if (media['part'] === undefined) return { kind: 'segment', path, ...trackOf(media), msn }
    return { kind: 'part', path, ...trackOf(media), msn, part: Number(media['part']) }
  }
  const init = INIT.exec(path)?.groups
  if (init !== undefined) return { kind: 'init', path, ...trackOf(init), init: Number(init['init']) }
  return null
}

function parseRoomPath(path: string, query: URLSearchParams): MediaRequest | null {
  const multivariant = MULTIVARIANT.exec(path)?.groups
  if (multivariant !== undefined) return { kind: 'multivariant', path, room: multivariant['room'] ?? '' }
  const alias = MULTIVARIANT_ALIAS.exec(path)?.groups
  if (alias !== undefined) return { kind: 'redirect', location: `/live/${alias['room']}/master.m3u8` }
  const flv = (FLV.exec(path) ?? FLV_ALIAS.exec(path))?.groups
  if (flv === undefined) return null
  const { room = '', rendition = 'source' } = flv
  return { kind: 'flv', path: `/live/${room}/${rendition}.flv`, room, rendition, behindMs: behindOf(query) }
}

function parsePlaylist(path: string, query: URLSearchParams): MediaRequest | null {
  const groups = PLAYLIST.exec(path)?.groups
  if (groups === undefined) return null
  const msn = directive(query, '_HLS_msn')
  const part = directive(query, '_HLS_part')
  if (part !== null && msn === null) throw new HeadwaterError('bad_request', '_HLS_part needs _HLS_msn')
  const asked = query.get('_HLS_skip')
  const skip = asked === 'YES' || asked === 'v2' ? asked : null
  const directives: PlaylistDirectives = { msn, part, skip }
  return { kind: 'playlist', path: playlistPath(path, directives), ...trackOf(groups), ...directives }
}

/** The one spelling of a playlist's address with these directives; `path` is that without any. */
export function playlistPath(path: string, { msn, part, skip }: PlaylistDirectives): string {
  const query = [
    ...(msn === null ? [] : [`_HLS_msn=${msn}`]),
    ...(part === null ? [] : [`_HLS_part=${part}`]),
    ...(skip === null ? [] : [`_HLS_skip=${skip}`]),
  ].join('&')
  return query === '' ? path : `${path}?${query}`
}

function directive(query: URLSearchParams, name: string): number | null {
  const text = query.get(name)
  if (text === null) return null
  if (!WHOLE_NUMBER.test(text)) throw new HeadwaterError('bad_request', `${name} must be a whole number`)
  return Number(text)
}

function behindOf(query: URLSearchParams): number {
  const seconds = Number(query.get('behind') ?? 0)
  return Number.isFinite(seconds) ? Math.min(Math.max(0, seconds * 1000), MAX_BEHIND_MS) : 0
}

function trackOf(groups: Record<string, string>): { room: string; program: string; track: string } {
  return { room: groups['room'] ?? '', program: groups['program'] ?? '', track: groups['track'] ?? '' }
}
