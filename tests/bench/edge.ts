/**
 * This edge beside nginx (proxy_cache with its lock) and Varnish, on one pinned core, in turns whose order rotates: a herd on a cold
 * object, viewers that wait for the next playlist, hits. Prints JSON, and a table on standard error.
 * `npm run bench -- edge [--short] [rounds]`; needs nginx, varnish, wrk and two cores.
 */
import { execFile } from 'node:child_process'
import { loadavg } from 'node:os'
import { promisify } from 'node:util'
import { treeCpuSeconds } from '../support/cpu.ts'
import { Child } from './support/child.ts'
import {
  CONTESTANTS,
  LOAD_CORE,
  pin,
  startContestant,
  type Contestant,
  type ContestantName,
} from './support/edge-contestants.ts'
import type { LoadOrder, LoadReport } from './support/edge-load.ts'
import type { OriginReady } from './support/edge-origin.ts'
import { median, round, spreadOf } from './support/statistics.ts'

const isShort = process.argv.includes('--short')
const ROUNDS = Number(process.argv.slice(2).find((each) => /^\d+$/.test(each)) ?? (isShort ? 1 : 3))
const PART_MS = 250
const HERDS = [
  { viewers: 400, kilobytes: 512 },
  { viewers: 2000, kilobytes: 128 },
]
const WAITING = [500, 3000]
const WAIT_SECONDS = isShort ? 3 : 6
const HIT_KILOBYTES = [10, 128, 512]
const HIT_SECONDS = isShort ? 2 : 4
const TRACK = '/live/room-1/program01'

type Figures = Record<string, number>

const run = promisify(execFile)
const { child: origin, ready: originReady } = await Child.start<OriginReady>(
  new URL('support/edge-origin.ts', import.meta.url),
  [`${PART_MS}`],
)
const { child: load } = await Child.start(new URL('support/edge-load.ts', import.meta.url), [])
for (const { pid } of [origin, load]) pin(pid, LOAD_CORE)

let object = 0
const all = new Map<ContestantName, Figures[]>(CONTESTANTS.map((name) => [name, []]))
const loads: number[] = []
for (let turn = 0; turn < ROUNDS; turn++) {
  for (let place = 0; place < CONTESTANTS.length; place++) {
    const name = CONTESTANTS[(turn + place) % CONTESTANTS.length] ?? 'edge'
    const contestant = await startContestant(name, originReady.port)
    try {
      await warmUp(contestant)
      all.get(name)?.push({
        ...(await herds(contestant)),
        ...(await waiting(contestant)),
        ...(await hits(contestant)),
      })
    } finally {
      await contestant.close()
    }
    loads.push(loadavg()[0] ?? 0)
  }
}
await Promise.all([origin.close(), load.close()])

const results = Object.fromEntries(CONTESTANTS.map((name) => [name, medians(all.get(name) ?? [])]))
const rounds = Object.fromEntries(all)
console.log(
  JSON.stringify(
    { benchmark: 'edge', rounds: ROUNDS, loadAverage: spreadOf(loads), results, each: rounds },
    null,
    2,
  ),
)
console.error(table(results))

/** What the origin was asked for most since it was last asked: 1 where all was coalesced. */
async function mostFetches(): Promise<number> {
  return (await origin.ask<{ most: number }>({})).most
}

/** What is compiled while it runs is not measured at its first steps. */
async function warmUp(contestant: Contestant): Promise<void> {
  for (let time = 0; time < 2; time++) await herds(contestant)
}

async function herds({ port }: Contestant): Promise<Figures> {
  const figures: Figures = {}
  for (const { viewers, kilobytes } of HERDS) {
    await mostFetches()
    const path = `${TRACK}/${kilobytes}kslow/${++object}.m4s`
    const order: LoadOrder = { kind: 'herd', port, path, viewers, bytes: kilobytes * 1024 }
    const { lagsMs, completeMs, wrong } = await load.ask<LoadReport>(order)
    const name = `herd ${viewers}`
    Object.assign(figures, {
      [`${name} first byte p50 ms`]: spreadOf(lagsMs).p50,
      [`${name} first byte p95 ms`]: spreadOf(lagsMs).p95,
      [`${name} whole p95 ms`]: spreadOf(completeMs).p95,
      [`${name} fetches`]: await mostFetches(),
      [`${name} wrong`]: wrong,
    })
  }
  return figures
}

async function waiting({ port, pids }: Contestant): Promise<Figures> {
  const figures: Figures = {}
  for (const viewers of WAITING) {
    await mostFetches()
    const cpu = (): number => pids.reduce((sum, pid) => sum + treeCpuSeconds(pid), 0)
    const before = cpu()
    // A track of its own: nobody is given what was made for those before.
    const track = `${TRACK}/w${++object}`
    const order: LoadOrder = {
      kind: 'blocked',
      port,
      track,
      viewers,
      seconds: WAIT_SECONDS,
      origin: originReady,
    }
    const { lagsMs, wrong } = await load.ask<LoadReport>(order)
    const name = `waiting ${viewers}`
    Object.assign(figures, {
      [`${name} lag p50 ms`]: spreadOf(lagsMs).p50,
      [`${name} lag p95 ms`]: spreadOf(lagsMs).p95,
      [`${name} fetches`]: await mostFetches(),
      [`${name} wrong`]: wrong,
      [`${name} cores`]: round((cpu() - before) / WAIT_SECONDS),
    })
  }
  return figures
}

async function hits({ port }: Contestant): Promise<Figures> {
  const figures: Figures = {}
  for (const kilobytes of HIT_KILOBYTES) {
    const url = `http://127.0.0.1:${port}${TRACK}/${kilobytes}k/1.m4s`
    await (await fetch(url)).arrayBuffer()
    const args = ['--cpu-list', LOAD_CORE, 'wrk', '-t1', '-c64', `-d${HIT_SECONDS}s`, url]
    const { stdout } = await run('taskset', args)
    figures[`hits ${kilobytes} KB /s`] = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? NaN)
    figures[`hits ${kilobytes} KB wrong`] = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0)
  }
  return figures
}

function medians(turns: readonly Figures[]): Figures {
  const names = Object.keys(turns[0] ?? {})
  return Object.fromEntries(names.map((name) => [name, median(turns.map((figures) => figures[name] ?? NaN))]))
}

function table(results: Record<string, Figures>): string {
  const names = Object.keys(Object.values(results)[0] ?? {})
  const rows = names.map((name) => [name, ...CONTESTANTS.map((each) => `${results[each]?.[name] ?? ''}`)])
  const lines = [['', ...CONTESTANTS], ['---', ...CONTESTANTS.map(() => '---:')], ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
