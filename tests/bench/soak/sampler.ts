/** What every process of a cluster holds, looked at from outside and from its metrics. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { treeProcesses } from '../../support/cpu.ts'
import type { HeadwaterProcess } from '../../support/headwater-process.ts'
import { trendOf, type Trend } from '../../support/trend.ts'
import { round } from '../support/statistics.ts'

export const HELD = ['rssMib', 'heapMib', 'fds', 'sockets', 'handles', 'ffmpegs'] as const
export type Held = Record<(typeof HELD)[number], number>

export interface ProcessReport {
  /** Before the first stream, and when all have ended. */
  idleBefore: Held
  idleAfter: Held
  most: Held
  trends: Record<keyof Held, Trend | null>
}

/** Of what a process that died has said. */
const OUTPUT_KEPT = 4000
const MIB = 1024 * 1024

export class Sampler {
  readonly #processes: ReadonlyMap<string, HeadwaterProcess>
  /** Processes that died meanwhile, and how. */
  readonly ended = new Map<string, string>()
  readonly #startedAtMs = performance.now()
  readonly #samples: { atMs: number; held: Map<string, Held> }[] = []

  constructor(processes: ReadonlyMap<string, HeadwaterProcess>) {
    this.#processes = processes
  }

  async look(): Promise<Map<string, Held>> {
    const held = new Map<string, Held>()
    for (const [name, each] of this.#processes) {
      if (each.child.exitCode === null && each.child.signalCode === null)
        await heldBy(each).then(
          (found) => held.set(name, found),
          () => null, // one look less: it was too busy to answer, or is just ending
        )
      else if (!this.ended.has(name)) this.#noteEnd(name, each)
    }
    return held
  }

  /** Looks, and keeps what it sees. */
  async sample(): Promise<void> {
    this.#samples.push({ atMs: performance.now() - this.#startedAtMs, held: await this.look() })
  }

  report(before: ReadonlyMap<string, Held>, after: ReadonlyMap<string, Held>): Record<string, ProcessReport> {
    const reports = [...this.#processes.keys()].map((name): [string, ProcessReport] => [
      name,
      {
        idleBefore: before.get(name) ?? nothing(),
        idleAfter: after.get(name) ?? nothing(),
        most: each((of) => Math.max(0, ...this.#valuesOf(name, of).map(({ value }) => value))),
        trends: each((of) => roundTrend(trendOf(this.#valuesOf(name, of)))),
      },
    ])
    return Object.fromEntries(reports)
  }

  /** Told at once: what comes of it may be the end of the run. */
  #noteEnd(name: string, { child, output }: HeadwaterProcess): void {
    const how = `ended with ${child.exitCode ?? child.signalCode}: ${output.slice(-OUTPUT_KEPT)}`
    this.ended.set(name, how)
    console.error(`${name} ${how}`)
  }

  #valuesOf(name: string, of: keyof Held): { atMs: number; value: number }[] {
    return this.#samples.flatMap(({ atMs, held }) => {
      const value = held.get(name)?.[of]
      return value === undefined ? [] : [{ atMs, value }]
    })
  }
}

async function heldBy(process: HeadwaterProcess): Promise<Held> {
  const pid = process.child.pid ?? 0
  const fds = readdirSync(`/proc/${pid}/fd`)
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return {
    rssMib: round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? NaN) / 1024, 1),
    heapMib: round((await process.metric('headwater_nodejs_heap_size_used_bytes')) / MIB, 1),
    fds: fds.length,
    sockets: fds.filter((fd) => targetOf(pid, fd).startsWith('socket:')).length,
    handles: await process.metric('headwater_nodejs_active_handles_total'),
    ffmpegs: treeProcesses(pid).filter(({ program }) => program === 'ffmpeg').length,
  }
}

function targetOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`)
  } catch {
    return '' // closed meanwhile
  }
}

function each<Value>(make: (of: keyof Held) => Value): Record<keyof Held, Value> {
  return Object.fromEntries(HELD.map((of) => [of, make(of)])) as Record<keyof Held, Value>
}

function nothing(): Held {
  return each(() => NaN)
}

function roundTrend(trend: Trend | null): Trend | null {
  if (!trend) return null
  return { perHour: round(trend.perHour, 1), growth: round(trend.growth, 1), noise: round(trend.noise, 1) }
}
