/** `/api/v1/live/{room}/viewer-tokens` and `/viewer-session`: how viewers get into a private room. */
import type { IncomingMessage } from 'node:http'
import type { ParameterizedContext } from 'koa'
import { readJson } from '../../runtime/http/body.ts'
import { signallingCookie, VIEWER_COOKIE, type ViewerTokens } from '../../runtime/viewer-token.ts'
import { addressesOf, publicOrigin } from '../room/addresses.ts'
import type { RoomRegistry } from '../room/registry.ts'
import { SIGNALLING_PATH } from '../signalling/server.ts'
import { roomParam } from './api-guard.ts'
import { parseInput, viewerSessionBody, viewerTokenBody } from './api-schemas.ts'
import type { AddRoutes } from './api.ts'

export interface ViewerTokensApiOptions {
  tokens: ViewerTokens
  registry: RoomRegistry
  publicUrl: string | null
  /** Whether X-Forwarded-Proto may be believed. */
  trustProxy: boolean
}

const MAX_BODY_BYTES = 4096

export function viewerTokenRoutes(options: ViewerTokensApiOptions): AddRoutes {
  return (router, guard) => {
    router.post('/live/:room/viewer-tokens', async (ctx) => {
      const roomId = roomParam(ctx['params'] as Record<string, string>)
      await guard.requireManager(ctx.req, roomId)
      options.registry.get(roomId)
      await makeToken(ctx, roomId, options)
    })
    router.post('/live/:room/viewer-session', async (ctx) => {
      const roomId = roomParam(ctx['params'] as Record<string, string>)
      options.registry.get(roomId)
      await openSession(ctx, roomId, options)
    })
  }
}

async function makeToken(
  ctx: ParameterizedContext,
  roomId: string,
  { tokens, publicUrl }: ViewerTokensApiOptions,
): Promise<void> {
  const { ttl_s } = parseInput(viewerTokenBody, await readJson(ctx.req, MAX_BODY_BYTES))
  const expiresAtMs = (Math.floor(Date.now() / 1000) + ttl_s) * 1000
  const token = tokens.sign(roomId, expiresAtMs)
  const origin = publicOrigin(publicUrl, ctx.headers.host)
  // The port is of the publisher's address, which is not told here.
  const { watch_url } = addressesOf(roomId, origin, 0)
  ctx.set('Cache-Control', 'no-store')
  ctx.body = {
    code: 0,
    data: {
      room_id: roomId,
      token,
      expires_at: expiresAtMs,
      // Behind the #: browsers send it to nobody, so it is in no log.
      watch_url: `${watch_url}#token=${token}`,
      play_url: `${origin}/t/${token}/live/${roomId}/master.m3u8`,
      flv_url: `${origin}/t/${token}/live/${roomId}/source.flv`,
    },
  }
}

/** Trades a token for cookies that only the room's own addresses are sent, and no program in the page can read. */
async function openSession(
  ctx: ParameterizedContext,
  roomId: string,
  { tokens, ...options }: ViewerTokensApiOptions,
): Promise<void> {
  const { token } = parseInput(viewerSessionBody, await readJson(ctx.req, MAX_BODY_BYTES))
  const expiresAtMs = tokens.check(token, roomId, Date.now())
  const isSecure = cameByTls(ctx.req, options)
  const cookies = [
    { name: VIEWER_COOKIE, path: `/live/${roomId}` },
    { name: VIEWER_COOKIE, path: `/api/v1/live/${roomId}` },
    { name: signallingCookie(roomId), path: SIGNALLING_PATH },
  ]
  ctx.set(
    'Set-Cookie',
    cookies.map(({ name, path }) => formatCookie({ name, path, value: token, expiresAtMs, isSecure })),
  )
  ctx.set('Cache-Control', 'no-store')
  ctx.body = { code: 0, data: { room_id: roomId, expires_at: expiresAtMs } }
}

interface Cookie {
  name: string
  path: string
  value: string
  expiresAtMs: number
  isSecure: boolean
}

function formatCookie({ name, path, value, expiresAtMs, isSecure }: Cookie): string {
  const maxAge = Math.max(0, Math.floor((expiresAtMs - Date.now()) / 1000))
  const rules = ['HttpOnly', 'SameSite=Strict', ...(isSecure ? ['Secure'] : [])]
  return [`${name}=${value}`, `Path=${path}`, `Max-Age=${maxAge}`, ...rules].join('; ')
}

function cameByTls(
  req: IncomingMessage,
  { publicUrl, trustProxy }: Pick<ViewerTokensApiOptions, 'publicUrl' | 'trustProxy'>,
): boolean {
  if (publicUrl?.startsWith('https:')) return true
  return trustProxy && req.headers['x-forwarded-proto'] === 'https'
}
