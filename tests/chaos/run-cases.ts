/** Runs cases: several rooms at once where a case allows it, alone where it does not. */
import type { Browser } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'
import { HeadwaterProcess } from '../support/headwater-process.ts'
import { missesOf } from './bars.ts'
import { CannotRun, NO_FIGURES, type CaseContext, type ChaosCase, type Outcome } from './chaos-case.ts'
import { HiccupMeter, loadNow } from './meters/hiccups.ts'
import { SERVER } from './server-options.ts'

export interface CaseResult extends Outcome {
  name: string
  title: string
  repeat: number
  /** `cannot`: the system does not have what the case is about. `failed`: the case itself broke. */
  status: 'met' | 'missed' | 'cannot' | 'failed'
  /** What was not met, or why it could not run. */
  misses: string[]
  /** The longest time this process was late meanwhile, and the machine's load: what a miss may be due to. */
  lateMs: number
  load: number
  startedAt: string
  tookMs: number
}

export interface RunOptions {
  repeat: number
  rooms: number
  /** Nothing is begun after so long; null: all of it is run. */
  minutes?: number | null
  say: (text: string) => void
}

interface Job {
  chaosCase: ChaosCase
  repeat: number
}

/** Rooms that begin at the same moment would be killed at the same moment. */
const STAGGER_MS = 2500

export async function runCases(cases: readonly ChaosCase[], options: RunOptions): Promise<CaseResult[]> {
  const browser = await launchChromium()
  const hiccups = new HiccupMeter()
  const servers: Promise<HeadwaterProcess>[] = []
  const shared = (): Promise<HeadwaterProcess> => (servers[0] ??= HeadwaterProcess.start(SERVER))
  const context = { browser, shared, hiccups, say: options.say }
  const untilMs = options.minutes ? Date.now() + options.minutes * 60_000 : Infinity
  try {
    const results = await inRooms(jobsOf(cases, options.repeat), context, { rooms: options.rooms, untilMs })
    const places = new Map(cases.map(({ name }, index) => [name, index]))
    return results.toSorted(
      (a, b) => (places.get(a.name) ?? 0) - (places.get(b.name) ?? 0) || a.repeat - b.repeat,
    )
  } finally {
    await closeAll(browser, servers)
    hiccups.close()
  }
}

/** Repeat by repeat, so that a run that is cut short has some of every case; what takes longest first. */
function jobsOf(cases: readonly ChaosCase[], repeat: number): Job[] {
  const rounds = Array.from({ length: repeat }, (_, index) =>
    cases
      .filter(({ isOnce }) => !isOnce || index === 0)
      .map((chaosCase) => ({ chaosCase, repeat: index + 1 })),
  )
  return rounds
    .flat()
    .toSorted((a, b) => Number(b.chaosCase.isOnce ?? false) - Number(a.chaosCase.isOnce ?? false))
}

async function inRooms(
  jobs: readonly Job[],
  context: CaseContext,
  { rooms, untilMs }: { rooms: number; untilMs: number },
): Promise<CaseResult[]> {
  const waiting = [...jobs]
  const results: CaseResult[] = []
  const next = (): Job | undefined => (Date.now() < untilMs ? waiting.shift() : undefined)
  const work = async (worker: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, worker * STAGGER_MS))
    for (let job = next(); job; job = next()) results.push(await runOnce(job, context))
  }
  await Promise.all(Array.from({ length: Math.min(rooms, jobs.length) }, (_, worker) => work(worker)))
  return results
}

async function runOnce({ chaosCase, repeat }: Job, context: CaseContext): Promise<CaseResult> {
  const { name, title, bars } = chaosCase
  const fromMs = Date.now()
  const common = { name, title, repeat, startedAt: new Date(fromMs).toISOString() }
  const rest = (): Pick<CaseResult, 'lateMs' | 'load' | 'tookMs'> => ({
    lateMs: context.hiccups.longest(fromMs, Date.now()),
    load: loadNow(),
    tookMs: Date.now() - fromMs,
  })
  try {
    const outcome = await chaosCase.run(context)
    const misses = missesOf(outcome.figures, bars)
    const status = misses.length ? 'missed' : 'met'
    context.say(`${name} ${repeat}: ${status}${misses.length ? ` (${misses.join('; ')})` : ''}`)
    return { ...common, ...outcome, status, misses, ...rest() }
  } catch (error) {
    const status = error instanceof CannotRun ? 'cannot' : 'failed'
    const text = String((error as Error).message ?? error).slice(0, 2000)
    context.say(`${name} ${repeat}: ${status}: ${status === 'failed' ? (error as Error).stack : text}`)
    return { ...common, figures: NO_FIGURES, timeline: null, status, misses: [text], ...rest() }
  }
}

async function closeAll(browser: Browser, servers: readonly Promise<HeadwaterProcess>[]): Promise<void> {
  await browser.close()
  for (const server of servers) await (await server.catch(() => null))?.close()
}
