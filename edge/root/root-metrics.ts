/** What an edge counts of its root peers. */
import type { Counter, Metrics } from '../../runtime/metrics.ts'

export interface RootMetrics {
  bytes: Counter<'pipe'>
}

export function createRootMetrics(metrics: Metrics, children: () => number): RootMetrics {
  metrics.gauge('headwater_cascade_children', "Children of this edge's root peers", [], (it) =>
    it.set(children()),
  )
  return {
    bytes: metrics.counter(
      'headwater_cascade_bytes_total',
      'Media by the pipe it took: root, from an edge to its first peers',
      ['pipe'],
    ),
  }
}
