/** An edge as other edges ask it: in the origin's place, by the same addresses and the same secret. */
import { HeadwaterError } from '../runtime/errors.ts'
import { bearerOf } from '../runtime/http/bearer.ts'
import { answer, isReadRequest, sendError } from '../runtime/http/respond.ts'
import type { PlainHandler } from '../runtime/http/server.ts'
import type { Logger } from '../runtime/logger.ts'
import { secretsMatch } from '../runtime/secrets.ts'
import type { Edge } from './edge.ts'
import { MEDIA_ROOT } from './upstream.ts'

export interface ShieldOptions {
  edge: Pick<Edge, 'serveEdge'>
  clusterSecret: string
  logger: Logger
}

/** For the internal listener. */
export function createShield({ edge, clusterSecret, logger }: ShieldOptions): PlainHandler {
  return (req, res) => {
    const target = req.url ?? ''
    if (!secretsMatch(bearerOf(req), clusterSecret)) {
      sendError(res, new HeadwaterError('unauthorized', 'the cluster secret is missing or wrong'))
      return true
    }
    if (!target.startsWith(`${MEDIA_ROOT}/`)) return false
    if (!isReadRequest(req, res)) return true
    answer(res, logger, async () => {
      try {
        await edge.serveEdge(req, res, target.slice(MEDIA_ROOT.length))
      } catch (error) {
        // Full, or about to close: who asks goes to the next upstream instead of telling a viewer.
        if (error instanceof HeadwaterError && error.code === 'not_ready') res.setHeader('Retry-After', '1')
        throw error
      }
    })
    return true
  }
}
