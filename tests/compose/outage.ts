/** One service is ended while somebody watches: what the viewer saw, when the service was back, and which bars that missed. */
import { setTimeout as delay } from 'node:timers/promises'
import { stallsOf, type Stall } from '../chaos/meters/screen.ts'
import { SCREEN_SCRIPT, type ScreenLog } from '../chaos/meters/screen-script.ts'
import { eventually } from '../support/eventually.ts'
import type { SeenStats, WatchPage } from '../support/watch-page.ts'
import { Container, type Ending } from './container.ts'
import { isThere, type Service } from './services.ts'

export interface Outage {
  service: string
  how: Ending
  /** From its end until it answers again; null when it did not in time. */
  backMs: number | null
  /** How long the picture stood still, and how long the machine was late in drawing what was there (docs/outages.md). */
  stallMs: number
  lateMs: number
  /** Of media before the end, and the least there was afterwards. */
  reserveMs: number
  leastReserveMs: number
  /** What the page said at the end, and what it showed over the picture at any time. */
  state: string
  notices: string[]
  missed: string[]
}

/** For the page that is watched. Its frames are told by their times alone: there is no counter in them to be read. */
export const OUTAGE_SCRIPT = `${SCREEN_SCRIPT}; window.readCounter = () => null`

/** How long a service that was killed by its operator is away. */
const AWAY_MS = 3000
/** Nine seconds are held in continuity mode; what is ended is ended with nearly all of them there. */
const FULL_RESERVE_MS = 7500
const RESERVE_LIMIT_MS = 60_000
/** A node process on a machine that is busy with ten others, and Docker's wait before it starts it. */
const BACK_LIMIT_MS = 30_000
/** After the return: all of the reserve is played, so that anything missing in it is seen. */
const AFTER_MS = 12_000
const SAMPLE_MS = 200
/** What a publisher needs to be back behind an origin that is: a second until it tries, its next keyframe, and a part of it. */
const RESUME_MS = 4000

export async function endWhileWatching(
  watch: WatchPage,
  { project, service, how }: { project: string; service: Service; how: Ending },
): Promise<Outage> {
  await untilReserve(watch)
  const container = await Container.find(project, service.name)
  const before = await statsOf(watch)
  const sampler = new Sampler(watch, before)
  const fromMs = Date.now()
  const backMs = await endAndReturn(container, service, how)
  await delay(AFTER_MS)
  const last = await sampler.close()
  const endMs = Date.now()
  const log = (await watch.page.evaluate('window.chaosLog')) as ScreenLog
  const stalls = stallsOf(log, fromMs, endMs)
  const outage: Outage = {
    ...{ service: service.name, how, backMs, state: last.state, notices: [...sampler.notices], missed: [] },
    stallMs: sumOf(stalls.filter(({ isMachine }) => !isMachine)),
    lateMs: sumOf(stalls.filter(({ isMachine }) => isMachine)),
    reserveMs: Math.round(before.reserveMs),
    leastReserveMs: Math.round(sampler.leastReserveMs),
  }
  return { ...outage, missed: missedBy(outage, service) }
}

/** Which bars were missed, in words. */
export function missedBy(outage: Outage, { makesParts }: Service): string[] {
  const { backMs, stallMs, reserveMs, leastReserveMs, state } = outage
  const mayStallMs = makesParts ? Math.max(0, (backMs ?? BACK_LIMIT_MS) + RESUME_MS - reserveMs) : 0
  const missed: string[] = []
  if (backMs === null) missed.push(`not back within ${BACK_LIMIT_MS} ms`)
  if (stallMs > mayStallMs) missed.push(`a stall of ${stallMs} ms, where ${Math.round(mayStallMs)} are borne`)
  if (mayStallMs === 0 && leastReserveMs <= 0) missed.push('nothing was left of the reserve')
  if (state !== 'playing') missed.push(`${state} at the end`)
  return missed
}

function sumOf(stalls: readonly Stall[]): number {
  return Math.round(stalls.reduce((sum, { gapMs }) => sum + gapMs, 0))
}

/** Milliseconds until it answers again; null where it does not in time. */
async function endAndReturn(container: Container, service: Service, how: Ending): Promise<number | null> {
  const { pid: endedPid } = await container.state()
  const endedAtMs = performance.now()
  await container.end(how)
  if (how === 'kill') {
    await delay(AWAY_MS)
    await container.start()
  }
  const isBack = async (): Promise<boolean> => {
    const { pid, address } = await container.state()
    return pid !== 0 && pid !== endedPid && isThere(service, address)
  }
  return eventually(isBack, BACK_LIMIT_MS).then(
    () => Math.round(performance.now() - endedAtMs),
    () => null,
  )
}

/** Looks at the page again and again, until it is closed. */
class Sampler {
  leastReserveMs: number
  readonly notices = new Set<string>()
  readonly #watch: WatchPage
  readonly #ended: Promise<void>
  #last: SeenStats
  #isClosed = false

  constructor(watch: WatchPage, first: SeenStats) {
    this.#watch = watch
    this.#last = first
    this.leastReserveMs = first.reserveMs
    this.#ended = this.#run()
    // Told of by `close`.
    this.#ended.catch(() => undefined)
  }

  /** The last it saw. Throws where the page could not be asked any more. */
  async close(): Promise<SeenStats> {
    this.#isClosed = true
    await this.#ended
    return this.#last
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      this.#last = await statsOf(this.#watch)
      this.leastReserveMs = Math.min(this.leastReserveMs, this.#last.reserveMs)
      if (this.#last.notice !== null) this.notices.add(this.#last.notice)
      await delay(SAMPLE_MS)
    }
  }
}

async function untilReserve(watch: WatchPage): Promise<void> {
  const isFull = async (): Promise<boolean> => (await statsOf(watch)).reserveMs > FULL_RESERVE_MS
  await eventually(isFull, RESERVE_LIMIT_MS).catch(async () => {
    const { reserveMs, state } = await statsOf(watch)
    throw new Error(`no reserve to begin with: ${Math.round(reserveMs)} ms, ${state}`)
  })
}

async function statsOf(watch: WatchPage): Promise<SeenStats> {
  const stats = await watch.stats()
  if (stats === null) throw new Error('the page says nothing of its player')
  return stats
}
