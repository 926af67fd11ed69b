/** `/api/v1/live/{room}/cascade`: the graph of a room's viewers, with the reasons for it. */
import type { CascadeHost } from '../cascade/host.ts'
import type { RoomRegistry } from '../room/registry.ts'
import type { AddRoutes } from './api.ts'
import { roomParam } from './api-guard.ts'

/** For those who manage the room: names of peers are nobody else's business. */
export function cascadeRoutes({ host, registry }: { host: CascadeHost; registry: RoomRegistry }): AddRoutes {
  return (router, guard) => {
    router.get('/live/:room/cascade', async (ctx) => {
      const roomId = roomParam(ctx['params'] as Record<string, string>)
      await guard.requireManager(ctx.req, roomId)
      ctx.body = { code: 0, data: host.view(registry.get(roomId).id) }
    })
  }
}
