/** Whom this edge asks: its origin, or shields before it. */
import type { OriginTiming, Upstream } from '../upstream.ts'
import { OriginUpstream } from '../upstream.ts'
import { UpstreamList } from './upstream-list.ts'

export interface OpenUpstreamsOptions {
  originUrl: string
  shieldUrls: readonly string[]
  clusterSecret: string
  timing: Partial<OriginTiming>
  onFailover: (cause: unknown) => void
}

export function openUpstreams(options: OpenUpstreamsOptions): Upstream {
  const { originUrl, shieldUrls, clusterSecret, timing, onFailover } = options
  const open = (url: string): Upstream => new OriginUpstream({ originUrl: url, clusterSecret, timing })
  const origin = open(originUrl)
  if (shieldUrls.length === 0) return origin
  return new UpstreamList({
    shields: new Map(shieldUrls.map((url) => [url, open(url)])),
    origin,
    onFailover,
  })
}
