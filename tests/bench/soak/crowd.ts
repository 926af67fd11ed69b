/** Viewers who come and go: arrivals as a Poisson process, stays of exponential length, on any edge and in any room. */
import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { HlsViewer } from '../../support/hls-viewer/hls-viewer.ts'
import { PartLedger, type PartFaults } from '../../support/hls-viewer/part-ledger.ts'
import type { ShieldedCluster } from '../../support/shielded-cluster.ts'

export interface CrowdOptions {
  cluster: ShieldedCluster
  rooms: readonly { id: string; program: string; tracks: readonly string[] }[]
  /** On average at once. */
  viewers: number
}

export interface CrowdFigures extends PartFaults {
  came: number
  /** Could not begin. */
  failed: number
  parts: number
  missing: number
  stallMs: number
  stalledViewers: number
  mostAtOnce: number
}

const MEAN_STAY_MS = 45_000
/** Nobody comes while so many times the average are there. */
const MAX_CROWD = 3

export class Crowd {
  readonly #options: CrowdOptions
  readonly #ledger = new PartLedger()
  readonly #closing = new AbortController()
  readonly #visits = new Set<Promise<void>>()
  readonly #arriving: Promise<void>
  readonly #figures = {
    came: 0,
    failed: 0,
    parts: 0,
    missing: 0,
    stallMs: 0,
    stalledViewers: 0,
    mostAtOnce: 0,
  }

  constructor(options: CrowdOptions) {
    this.#options = options
    setMaxListeners(0, this.#closing.signal) // each visitor waits for it
    this.#arriving = this.#arrive()
  }

  get figures(): CrowdFigures {
    return { ...this.#figures, stallMs: Math.round(this.#figures.stallMs), ...this.#ledger.faults }
  }

  get remarks(): readonly string[] {
    return this.#ledger.remarks
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#arriving
    await Promise.all(this.#visits)
  }

  async #arrive(): Promise<void> {
    const { viewers } = this.#options
    const { signal } = this.#closing
    while (!signal.aborted) {
      await delay(exponential(MEAN_STAY_MS / viewers), null, { signal }).catch(() => null)
      if (signal.aborted || this.#visits.size >= viewers * MAX_CROWD) continue
      const visit = this.#visit().finally(() => this.#visits.delete(visit))
      this.#visits.add(visit)
      this.#figures.mostAtOnce = Math.max(this.#figures.mostAtOnce, this.#visits.size)
    }
  }

  async #visit(): Promise<void> {
    const { cluster, rooms } = this.#options
    const room = oneOf(rooms)
    const known = cluster.edges.map(({ url }) => url)
    const viewer = new HlsViewer({
      ...{ room: room.id, program: room.program, tracks: room.tracks },
      ...{ apiUrl: cluster.origin.url, first: oneOf(known), known, ledger: this.#ledger },
    })
    this.#figures.came += 1
    const started = viewer.start().catch(() => void (this.#figures.failed += 1))
    await delay(exponential(MEAN_STAY_MS), null, { signal: this.#closing.signal }).catch(() => null)
    const { parts, missing, stallMs } = viewer.figures()
    this.#figures.parts += parts
    this.#figures.missing += missing
    this.#figures.stallMs += stallMs
    if (stallMs > 0) this.#figures.stalledViewers += 1
    await viewer.close()
    await started
  }
}

export function exponential(mean: number): number {
  return -Math.log(1 - Math.random()) * mean
}

function oneOf<Value>(list: readonly Value[]): Value {
  const value = list[Math.floor(Math.random() * list.length)]
  if (value === undefined) throw new Error('there is none to choose')
  return value
}
