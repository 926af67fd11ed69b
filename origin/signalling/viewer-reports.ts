/** How viewers fare, by their own word: distance to live and stalls, of all rooms together. What one viewer can add is bounded. */
import { z } from 'zod'
import type { Metrics } from '../../runtime/metrics.ts'
import type { Client } from './client.ts'

/** Counts since the report before. `distance_ms`: capture to screen; null where the player does not know. */
export const watchStatsMessage = z.object({
  type: z.literal('watch-stats'),
  distance_ms: z.number().min(0).max(3_600_000).nullable(),
  stalls: z.int().min(0).max(1000),
  stall_ms: z.number().min(0).max(3_600_000),
  played_ms: z.number().min(0).max(3_600_000),
})

/** Reports that come faster are left out; players send one every ten seconds. */
export const SHORTEST_REPORT_MS = 5000
/** The first one may be of so long a time. */
const FIRST_MS = 60_000
/** More stalls a second than this are no viewer's. */
const MAX_STALLS_PER_S = 2
/** Low latency is about 1 s behind, continuity 9. */
const DISTANCE_BUCKETS_S = [1, 2, 3, 5, 8, 10, 12, 15, 20, 30, 60]

export class ViewerReports {
  readonly #heardAtMs = new WeakMap<Client, number>()
  readonly #add: (report: z.infer<typeof watchStatsMessage>, sinceMs: number) => void

  constructor(metrics: Metrics) {
    const seconds = 'headwater_viewer_distance_seconds'
    const distance = metrics.histogram(seconds, 'From capture to the screen, as viewers report it.', [
      ...DISTANCE_BUCKETS_S,
    ])
    const stalls = metrics.counter('headwater_viewer_stalls_total', 'Stalls that viewers report.')
    const stalled = metrics.counter('headwater_viewer_stall_seconds_total', 'Time that viewers stalled.')
    const played = metrics.counter('headwater_viewer_played_seconds_total', 'Time that viewers watched.')
    this.#add = (report, sinceMs) => {
      if (report.distance_ms !== null) distance.observe(report.distance_ms / 1000)
      stalls.inc(Math.min(report.stalls, Math.ceil((sinceMs / 1000) * MAX_STALLS_PER_S)))
      stalled.inc(Math.min(report.stall_ms, sinceMs) / 1000)
      played.inc(Math.min(report.played_ms, sinceMs) / 1000)
    }
  }

  /** Counts a report; false for any other message. */
  take(client: Client, message: unknown, nowMs: number): boolean {
    if (typeof message !== 'object' || message === null || !('type' in message)) return false
    if (message.type !== watchStatsMessage.shape.type.value) return false
    const report = watchStatsMessage.safeParse(message)
    const sinceMs = nowMs - (this.#heardAtMs.get(client) ?? nowMs - FIRST_MS)
    if (!report.success || sinceMs < SHORTEST_REPORT_MS) return true
    this.#heardAtMs.set(client, nowMs)
    this.#add(report.data, sinceMs)
    return true
  }
}
