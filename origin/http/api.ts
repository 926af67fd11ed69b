/** `/api/v1/live/…`: rooms are made, read, ended and deleted here. docs/api.md describes every address. */

import Router from 'koa-router'
import type { Middleware, ParameterizedContext } from 'koa'
import { readJson } from '../../runtime/http/body.ts'
import { HeadwaterError } from '../../runtime/errors.ts'
import type { LiveRooms } from '../program/live-rooms.ts'
import { canManage } from '../room/access.ts'
import { addressesOf, publicOrigin } from '../room/addresses.ts'
import type { Addresses } from '../room/addresses.ts'
import type { RoomRegistry } from '../room/registry.ts'
import type { Room } from '../room/room.ts'
import { viewManaged, viewRoom } from '../room/view.ts'
import { roomParam, type ApiGuard } from './api-guard.ts'
import {
  createBody,
  listQuery,
  parseInput,
  rotateBody,
  settingsBody,
  settingsOf,
  takeoverBody,
} from './api-schemas.ts'

export interface ApiOptions {
  registry: RoomRegistry
  live: LiveRooms
  guard: ApiGuard
  /** Viewers connected to a room. */
  viewers: (roomId: string) => number
  /** Origin of public addresses, or null to go by the Host header. */
  publicUrl: string | null
  /** Port publishers connect to; asked at each use, since port 0 is known only after the start. */
  rtmpPort: () => number
  /** What else stands below `/api/v1`. */
  routes?: readonly AddRoutes[]
}

/** Adds routes; the guard says who asks. */
export type AddRoutes = (router: Router, guard: ApiGuard) => void

const MAX_BODY_BYTES = 16 * 1024
const READ_METHODS = 'GET, HEAD, OPTIONS'

/** The API as one Koa middleware, for `createApp`. */
export function createApi(options: ApiOptions): Middleware {
  const { guard } = options
  const api = new Api(options)
  // Sensitive and strict: one address a resource, so that nothing in front of us sees another one than we do.
  const router = new Router({ prefix: '/api/v1', sensitive: true, strict: true })
  router.get('/session', (ctx) => api.session(ctx))
  router.post('/live/create', (ctx) => api.create(ctx))
  router.get('/live', (ctx) => api.list(ctx))
  router.get('/live/:room', (ctx) => api.read(ctx, roomParam(ctx.params)))
  router.patch('/live/:room', (ctx) => api.update(ctx, roomParam(ctx.params)))
  router.delete('/live/:room', (ctx) => api.delete(ctx, roomParam(ctx.params)))
  router.post('/live/:room/end', (ctx) => api.end(ctx, roomParam(ctx.params)))
  router.post('/live/:room/takeover', (ctx) => api.takeover(ctx, roomParam(ctx.params)))
  router.post('/live/:room/rotate-key', (ctx) => api.rotateKey(ctx, roomParam(ctx.params)))
  for (const add of options.routes ?? []) add(router, guard)
  const routes = router.routes() as unknown as Middleware
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/api/')) return next()
    if (['GET', 'HEAD'].includes(ctx.method)) ctx.set('Access-Control-Allow-Origin', '*')
    if (ctx.method === 'OPTIONS') return preflight(ctx)
    await routes(ctx, next)
    if (ctx.status === 404 && ctx.body === undefined) refuseMethod(router, ctx)
  }
}

class Api {
  readonly #options: ApiOptions

  constructor(options: ApiOptions) {
    this.#options = options
  }

  async session(ctx: ParameterizedContext): Promise<void> {
    const identity = await this.#options.guard.requireIdentity(ctx.req)
    const data =
      identity.role === 'admin'
        ? { role: 'admin', room_id: null }
        : { role: 'publisher', room_id: identity.roomId }
    ctx.body = { code: 0, data }
  }

  async create(ctx: ParameterizedContext): Promise<void> {
    await this.#options.guard.requireAdmin(ctx.req)
    const body = parseInput(createBody, await readJson(ctx.req, MAX_BODY_BYTES))
    if (body.streaming_mode !== 'rtmp') {
      const message = `streaming_mode ${body.streaming_mode} is not in this version; rtmp is`
      throw new HeadwaterError('mode_unavailable', message)
    }
    // Before anything is made: without a host there is no address to answer with.
    publicOrigin(this.#options.publicUrl, ctx.headers.host)
    const created = await this.#options.registry.create({
      title: body.title,
      streamingMode: body.streaming_mode,
      isPrivate: body.private,
    })
    const { room } = created
    const data = {
      id: room.id,
      room_id: room.id,
      title: room.title,
      stream_key: created.streamKey,
      backup_stream_key: created.standbyKey,
      publisher_token: created.publisherToken,
      public_key: room.publicKey,
      streaming_mode: room.streamingMode,
      private: room.settings.isPrivate,
      ...this.#addresses(ctx, room.id),
    }
    ctx.body = { code: 0, data }
  }

  async list(ctx: ParameterizedContext): Promise<void> {
    await this.#options.guard.requireAdmin(ctx.req)
    const { limit, offset } = parseInput(listQuery, ctx.query, 'bad_request')
    const rooms = this.#options.registry.list()
    const page = rooms.slice(offset, offset + limit).map((room) => this.#managed(ctx, room))
    ctx.body = { code: 0, data: { rooms: page, total: rooms.length } }
  }

  async read(ctx: ParameterizedContext, roomId: string): Promise<void> {
    const room = this.#options.registry.get(roomId)
    const identity = await this.#options.guard.requireViewer(ctx.req, room)
    ctx.body = {
      code: 0,
      data: canManage(identity, roomId) ? this.#managed(ctx, room) : this.#public(ctx, room),
    }
  }

  async delete(ctx: ParameterizedContext, roomId: string): Promise<void> {
    await this.#options.guard.requireManager(ctx.req, roomId)
    // The key goes first, so that the publisher who is disconnected cannot come back.
    await this.#options.registry.delete(roomId)
    await this.#options.live.drop(roomId)
    ctx.body = { code: 0, data: { room_id: roomId } }
  }

  async update(ctx: ParameterizedContext, roomId: string): Promise<void> {
    await this.#options.guard.requireManager(ctx.req, roomId)
    const body = parseInput(settingsBody, await readJson(ctx.req, MAX_BODY_BYTES))
    const room = await this.#options.registry.update(roomId, {
      ...(body.title === undefined ? {} : { title: body.title }),
      settings: settingsOf(body),
    })
    ctx.body = { code: 0, data: this.#managed(ctx, room) }
  }

  async takeover(ctx: ParameterizedContext, roomId: string): Promise<void> {
    await this.#options.guard.requireManager(ctx.req, roomId)
    const room = this.#options.registry.get(roomId)
    const { source } = parseInput(takeoverBody, await readJson(ctx.req, MAX_BODY_BYTES))
    this.#options.live.takeover(roomId, source)
    ctx.body = { code: 0, data: this.#managed(ctx, room) }
  }

  async end(ctx: ParameterizedContext, roomId: string): Promise<void> {
    await this.#options.guard.requireManager(ctx.req, roomId)
    const room = this.#options.registry.get(roomId)
    await this.#options.live.end(roomId)
    ctx.body = { code: 0, data: this.#managed(ctx, room) }
  }

  async rotateKey(ctx: ParameterizedContext, roomId: string): Promise<void> {
    await this.#options.guard.requireManager(ctx.req, roomId)
    const { registry } = this.#options
    const body = parseInput(rotateBody, await readJson(ctx.req, MAX_BODY_BYTES))
    const isPrimary = body.which === 'primary'
    const key = await registry.rotateKey(roomId, isPrimary ? 'obs' : 'standby')
    const { stream_url, backup_stream_url } = this.#addresses(ctx, roomId)
    const data = {
      room_id: roomId,
      stream_key: isPrimary ? key : null,
      backup_stream_key: isPrimary ? null : key,
      stream_url,
      backup_stream_url,
      ...(body.rotate_publisher_token ? { publisher_token: await registry.rotateToken(roomId) } : {}),
    }
    ctx.body = { code: 0, data }
  }

  #public(ctx: ParameterizedContext, room: Room): object {
    const { live, viewers } = this.#options
    const view = viewRoom(room, live.facts(room.id), viewers(room.id), this.#addresses(ctx, room.id))
    return { ...view, publisher: null, refusal: null }
  }

  #managed(ctx: ParameterizedContext, room: Room): object {
    const facts = this.#options.live.facts(room.id)
    return { ...this.#public(ctx, room), ...viewManaged(room, facts, this.#addresses(ctx, room.id)) }
  }

  #addresses(ctx: ParameterizedContext, roomId: string): Addresses {
    const origin = publicOrigin(this.#options.publicUrl, ctx.headers.host)
    return addressesOf(roomId, origin, this.#options.rtmpPort())
  }
}

function preflight(ctx: ParameterizedContext): void {
  ctx.set('Access-Control-Allow-Origin', '*')
  ctx.set('Access-Control-Allow-Methods', READ_METHODS)
  ctx.set('Access-Control-Allow-Headers', 'Authorization, Content-Type')
  ctx.set('Access-Control-Max-Age', '86400')
  ctx.status = 204
}

function refuseMethod(router: Router, ctx: ParameterizedContext): void {
  const methods = router.match(ctx.path, ctx.method).path.flatMap((layer) => layer.methods)
  if (methods.length === 0) return
  ctx.set('Allow', [...new Set([...methods, 'OPTIONS'])].join(', '))
  throw new HeadwaterError('method_not_allowed', `${ctx.method} is not possible at ${ctx.path}`)
}
