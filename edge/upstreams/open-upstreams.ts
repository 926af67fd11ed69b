/** Whom this edge asks: its origin, or shields before it. */
import type { Gaps } from '../gaps/gaps.ts'
import { WatchedUpstream } from '../gaps/watched-upstream.ts'
import type { OriginTiming, Upstream } from '../upstream.ts'
import { OriginUpstream } from '../upstream.ts'
import { UpstreamList } from './upstream-list.ts'

export interface OpenUpstreamsOptions {
  originUrl: string
  shieldUrls: readonly string[]
  clusterSecret: string
  timing: Partial<OriginTiming>
  gaps: Gaps
  onFailover: (cause: unknown) => void
  onHedge: () => void
}

/** Where there is another to ask, silence is not borne as long as where there is none; that of an FLV longer than the 4 s before a slate. */
const SOONER: Partial<OriginTiming> = { silenceMs: 1000, flvSilenceMs: 5000 }

export function openUpstreams(options: OpenUpstreamsOptions): Upstream {
  const { originUrl, shieldUrls, clusterSecret, timing, gaps, onFailover, onHedge } = options
  const { length } = shieldUrls
  const open = (url: string, name = url): Upstream => {
    const upstream = new OriginUpstream({
      originUrl: url,
      clusterSecret,
      timing: length === 0 ? timing : { ...SOONER, ...timing },
    })
    return new WatchedUpstream({ name, upstream, gaps })
  }
  const origin = open(originUrl, 'origin')
  if (length === 0) return origin
  return new UpstreamList({
    shields: new Map(shieldUrls.map((url) => [url, open(url)])),
    origin,
    ...{ onFailover, onHedge },
  })
}
