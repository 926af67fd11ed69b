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
  onHedge: () => void
}

/** Where there is another to ask, silence is not borne as long as where there is none. */
const SOONER: Partial<OriginTiming> = { silenceMs: 1000 }

export function openUpstreams(options: OpenUpstreamsOptions): Upstream {
  const { originUrl, shieldUrls, clusterSecret, timing, onFailover, onHedge } = options
  const { length } = shieldUrls
  const open = (url: string): Upstream =>
    new OriginUpstream({
      originUrl: url,
      clusterSecret,
      timing: length === 0 ? timing : { ...SOONER, ...timing },
    })
  const origin = open(originUrl)
  if (length === 0) return origin
  return new UpstreamList({
    shields: new Map(shieldUrls.map((url) => [url, open(url)])),
    origin,
    ...{ onFailover, onHedge },
  })
}
