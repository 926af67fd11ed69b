/** What the edge counts. */

import type { Counter, Metrics } from '../runtime/metrics.ts'
import type { ObjectKind } from './media-path.ts'

export type RequestResult = 'hit' | 'coalesced' | 'miss' | 'stale' | 'gap' | 'error'

export interface EdgeMetrics {
  requests: Counter<'result'>
  originFetches: Counter<'kind'>
  failovers: Counter
  hedges: Counter
  gaps: Counter<'kind'>
  bucket: Counter<'result'>
  sentBytes: Counter<'pipe'>
  flvSkips: Counter
  flvCuts: Counter
  flvReconnects: Counter
  flvMoves: Counter<'direction'>
}

/** What is read at each scrape instead of being kept. */
export interface EdgeGauges {
  cacheBytes: () => number
  fills: () => number
  gaps: () => number
  waitingViewers: () => number
  flvClients: () => number
  flvUpstreams: () => number
  flvRingBytes: () => number
}

export type FetchKind = ObjectKind | 'flv'

export function createEdgeMetrics(metrics: Metrics, gauges: EdgeGauges): EdgeMetrics {
  const gauge = (name: string, help: string, read: () => number): void => {
    metrics.gauge(`headwater_edge_${name}`, help, [], (it) => it.set(read()))
  }
  gauge('cache_bytes', 'Bytes of media and playlists in the cache', gauges.cacheBytes)
  gauge('fills', 'Fetches from the origin that are running or parked', gauges.fills)
  gauge('gaps', 'Objects that playlists name as gaps', gauges.gaps)
  gauge(
    'waiting_viewers',
    'Viewers whose answer waits for a fetch or is still arriving',
    gauges.waitingViewers,
  )
  gauge('flv_clients', 'Viewers of FLV', gauges.flvClients)
  gauge('flv_upstreams', 'FLV streams read from the origin', gauges.flvUpstreams)
  gauge('flv_ring_bytes', 'Bytes of FLV kept for joining viewers', gauges.flvRingBytes)
  return {
    requests: metrics.counter('headwater_edge_requests_total', 'Media requests by how they were answered', [
      'result',
    ]),
    originFetches: metrics.counter('headwater_edge_origin_fetches_total', 'Requests to the origin', ['kind']),
    failovers: metrics.counter(
      'headwater_edge_failovers_total',
      'Times an upstream gave no answer, or broke off in one, and another was asked',
    ),
    hedges: metrics.counter(
      'headwater_edge_hedges_total',
      'Times an upstream was late with an answer, and another was asked, too',
    ),
    gaps: metrics.counter(
      'headwater_edge_gaps_total',
      'Times an object failed three times in a row and was made a gap',
      ['kind'],
    ),
    bucket: metrics.counter(
      'headwater_edge_bucket_total',
      'Fetches of a shield by what it was told by the store that shields share',
      ['result'],
    ),
    sentBytes: metrics.counter('headwater_edge_sent_bytes_total', 'Body bytes given to viewers', ['pipe']),
    flvSkips: metrics.counter(
      'headwater_edge_flv_skips_total',
      'Times a slow FLV viewer was moved to a keyframe',
    ),
    flvCuts: metrics.counter('headwater_edge_flv_cuts_total', 'FLV viewers closed because they did not read'),
    flvReconnects: metrics.counter(
      'headwater_edge_flv_reconnects_total',
      'FLV streams lost and asked for again',
    ),
    flvMoves: metrics.counter(
      'headwater_edge_flv_moves_total',
      'Times the viewers of an FLV were given the rendition below, or theirs again',
      ['direction'],
    ),
  }
}
