/** `/api/v1/live/{room}/edges`: which edges a viewer should ask. */
import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { viewerTokenOf } from '../../runtime/viewer-token.ts'
import { chooseEdges } from '../edges/choose-edges.ts'
import type { EdgeDirectory } from '../edges/edge-directory.ts'
import type { RoomRegistry } from '../room/registry.ts'
import { roomParam } from './api-guard.ts'
import { parseInput } from './api-schemas.ts'
import type { AddRoutes } from './api.ts'

const region = z.string().regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 characters of a-z, 0-9 and -')
const query = z.object({ region: region.nullable().default(null) })

export interface EdgesApiOptions {
  directory: Pick<EdgeDirectory, 'edges'>
  registry: RoomRegistry
  /** In which a proxy says where the viewer is; null: none does. */
  regionHeader: string | null
}

/** For whoever may watch. Of a private room the addresses carry the viewer's token: an edge of another host is sent no cookie. */
export function edgesRoutes({ directory, registry, regionHeader }: EdgesApiOptions): AddRoutes {
  return (router, guard) => {
    router.get('/live/:room/edges', async (ctx) => {
      const room = registry.get(roomParam(ctx['params'] as Record<string, string>))
      const identity = await guard.requireViewer(ctx.req, room)
      const roomId = room.id
      const isByToken = room.settings.isPrivate && identity === null
      const prefix = isByToken ? `/t/${viewerTokenOf(ctx.req) ?? ''}` : ''
      ctx.set('Cache-Control', 'no-store')
      const named = parseInput(query, ctx.query, 'bad_request').region
      const viewer = { roomId, region: named ?? regionOf(ctx.req, regionHeader) }
      const edges = chooseEdges(directory.edges, viewer)
      ctx.body = {
        code: 0,
        data: { edges: edges.map((edge) => ({ url: edge.url + prefix, region: edge.region })) },
      }
    })
  }
}

/** Null where the proxy knows none. A viewer can say it himself, and does no more than he can by `?region=`. */
function regionOf({ headers }: IncomingMessage, regionHeader: string | null): string | null {
  if (regionHeader === null) return null
  const said = headers[regionHeader.toLowerCase()]
  return typeof said === 'string' ? (region.safeParse(said.toLowerCase()).data ?? null) : null
}
