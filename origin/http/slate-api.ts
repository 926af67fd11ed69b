/** `/api/v1/live/{room}/slate`: what a room shows while its publisher is away. */
import type { ParameterizedContext } from 'koa'
import { readBody } from '../../runtime/http/body.ts'
import type { RoomRegistry } from '../room/registry.ts'
import type { SlateInfo, Slates } from '../slate/slates.ts'
import type { AddRoutes } from './api.ts'
import { roomParam } from './api-guard.ts'

export interface SlateApiOptions {
  slates: Slates
  registry: RoomRegistry
  maxUploadBytes: number
}

/** All of it is for those who manage the room: what a streamer has ready is nobody's business until it is shown. */
export function slateRoutes({ slates, registry, maxUploadBytes }: SlateApiOptions): AddRoutes {
  return (router, guard) => {
    const manage = async (ctx: ParameterizedContext): Promise<string> => {
      const roomId = roomParam(ctx['params'] as Record<string, string>)
      await guard.requireManager(ctx.req, roomId)
      return registry.get(roomId).id
    }
    router.get('/live/:room/slate', async (ctx) => {
      ctx.body = { code: 0, data: view(await slates.info(await manage(ctx)), maxUploadBytes) }
    })
    router.get('/live/:room/slate/preview', async (ctx) => {
      const { type, bytes } = await slates.preview(await manage(ctx))
      ctx.type = `image/${type}`
      ctx.body = bytes
    })
    router.put('/live/:room/slate', async (ctx) => {
      const info = await slates.replace(await manage(ctx), () => readBody(ctx.req, maxUploadBytes))
      ctx.body = { code: 0, data: view(info, maxUploadBytes) }
    })
    router.delete('/live/:room/slate', async (ctx) => {
      const roomId = await manage(ctx)
      await slates.reset(roomId)
      ctx.body = { code: 0, data: view(await slates.info(roomId), maxUploadBytes) }
    })
  }
}

function view(info: SlateInfo, maxUploadBytes: number): object {
  const limit = { max_upload_bytes: maxUploadBytes }
  if (info.kind === 'built-in')
    return { kind: info.kind, language: info.language, type: null, bytes: null, made_at: null, ...limit }
  const { kind, type, bytes, madeAtMs } = info
  return { kind, language: null, type, bytes, made_at: madeAtMs, ...limit }
}
