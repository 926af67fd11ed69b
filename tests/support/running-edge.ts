/** An edge behind a real HTTP listener on a free port. */

import { HttpServer, type PlainHandler } from '../../runtime/http/server.ts'
import { createLogger } from '../../runtime/logger.ts'
import { Metrics } from '../../runtime/metrics.ts'
import type { EdgeOptions } from '../../edge/edge.ts'
import { Edge } from '../../edge/edge.ts'
import { createShield } from '../../edge/shield.ts'

export const CLUSTER_SECRET = 'cluster-secret-of-the-tests'

export interface RunningEdge {
  edge: Edge
  url: string
  port: number
  /** The value of a metric, labels and all: `headwater_edge_requests_total{result="hit"}`. */
  metric(name: string): Promise<number>
  close(): Promise<void>
}

export async function startEdge(options: Partial<EdgeOptions> & { originUrl: string }): Promise<RunningEdge> {
  return start(options, (edge) => (req, res) => edge.handle(req, res))
}

/** An edge that other edges ask. */
export async function startShield(
  options: Partial<EdgeOptions> & { originUrl: string },
  port = 0,
): Promise<RunningEdge> {
  const logger = createLogger({ level: 'silent' })
  return start(
    { isShield: true, ...options },
    (edge) => createShield({ edge, clusterSecret: CLUSTER_SECRET, logger }),
    port,
  )
}

async function start(
  options: Partial<EdgeOptions> & { originUrl: string },
  handlerOf: (edge: Edge) => PlainHandler,
  port = 0,
): Promise<RunningEdge> {
  const logger = createLogger({ level: 'silent' })
  const metrics = new Metrics()
  const edge = new Edge({ clusterSecret: CLUSTER_SECRET, logger, metrics, ...options })
  await edge.start()
  const server = new HttpServer({ name: 'edge', logger, host: '127.0.0.1', port })
  server.mount(handlerOf(edge))
  await server.start()
  return {
    edge,
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    async metric(name) {
      const line = (await metrics.text()).split('\n').find((it) => it.startsWith(`${name} `))
      return line === undefined ? 0 : Number(line.slice(name.length + 1))
    },
    async close() {
      await edge.close()
      await server.close()
    },
  }
}
