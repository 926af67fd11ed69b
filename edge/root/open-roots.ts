/** Opens what an edge needs for root peers, or says once that there will be none. */
import { HeadwaterError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import type { Coalescer } from '../coalescer.ts'
import { DataChannelStack } from '../datachannel/stack.ts'
import type { StackOptions } from '../datachannel/stack.ts'
import { createRootMetrics } from './root-metrics.ts'
import { Roots } from './roots.ts'
import type { RootSettings } from './roots.ts'

export interface OpenRootsOptions {
  originUrl: string
  clusterSecret: string
  logger: Logger
  metrics: Metrics
  coalescer: Pick<Coalescer, 'find'>
  /** Null where the operator wants none. */
  settings: RootSettings | null
  stack?: Pick<StackOptions, 'load'>
}

// Connections in the making beside those that are children already.
const SPARE_CONNECTIONS = 32

/** Null where there are to be no roots, or the library has no binary for this machine: the edge is the same without. */
export async function openRoots(options: OpenRootsOptions): Promise<Roots | null> {
  const { settings, metrics, stack, ...shared } = options
  if (settings === null) return null
  const { logger } = shared
  try {
    const opened = await DataChannelStack.open({
      ...stack,
      bindAddress: settings.bindAddress ?? null,
      maxConnections: settings.maxChildren + SPARE_CONNECTIONS,
      onFault: (error) => logger.error({ err: error }, 'a fault in the cascade'),
    })
    const roots: Roots = new Roots({
      ...shared,
      settings,
      stack: opened,
      metrics: createRootMetrics(metrics, () => roots.children),
    })
    return roots
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error
    logger.warn({ err: error, code: error.code }, 'no root peers on this machine: viewers watch over HTTP')
    return null
  }
}
