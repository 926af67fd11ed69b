/** What the cascade's host counts. */
import type { OFF_REASONS } from '../../cascade/messages.ts'
import type { Metrics } from '../../runtime/metrics.ts'

export type OffReason = (typeof OFF_REASONS)[number]

export interface CascadeTotals {
  peers: number
  swarms: number
  roots: number
}

export interface CascadeFigures {
  joined(): void
  off(reason: OffReason): void
  told(): void
  signal(isCarried: boolean): void
  banned(): void
  switchedOff(): void
  received(bytes: { cascade: number; http: number }): void
  moved(count: number): void
}

export function countCascade(metrics: Metrics, totals: () => CascadeTotals): CascadeFigures {
  const name = (rest: string): string => `headwater_cascade_${rest}`
  const gauge = (rest: keyof CascadeTotals, help: string): void =>
    void metrics.gauge(name(rest), help, [], (it) => it.set(totals()[rest]))
  gauge('peers', 'Viewers in the cascade, of all rooms.')
  gauge('swarms', 'Swarms: renditions of programs that viewers share.')
  gauge('roots', 'Roots of swarms, on all edges.')
  const joins = metrics.counter(name('joins_total'), 'Viewers that joined the cascade.')
  const offs = metrics.counter(name('offs_total'), 'Viewers told to stay on HTTP.', ['reason'])
  const assignments = metrics.counter(name('assignments_total'), 'Viewers told of new parents.')
  const moves = metrics.counter(name('moves_total'), 'Viewers given a better parent by the optimiser.')
  const signals = metrics.counter(name('signals_total'), 'Offers, answers and candidates between peers.', [
    'result',
  ])
  const polluters = metrics.counter(name('polluters_total'), 'Peers cut off for passing on unsigned bytes.')
  const switchedOff = metrics.counter(name('switched_off_total'), 'Rooms whose cascade did worse than HTTP.')
  const bytes = metrics.counter(name('bytes_total'), 'Bytes by the pipe they came through.', ['pipe'])
  return {
    joined: () => joins.inc(),
    off: (reason) => offs.inc({ reason }),
    told: () => assignments.inc(),
    moved: (count) => moves.inc(count),
    signal: (isCarried) => signals.inc({ result: isCarried ? 'carried' : 'dropped' }),
    banned: () => polluters.inc(),
    switchedOff: () => switchedOff.inc(),
    received: ({ cascade, http }) => {
      bytes.inc({ pipe: 'cascade' }, cascade)
      bytes.inc({ pipe: 'http' }, http)
    },
  }
}
