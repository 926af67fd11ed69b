/** What a viewer pays for the cascade: first frames, the first part from a peer, processor and memory, each beside a viewer without. */
import { eventually } from '../../support/eventually.ts'
import { residentMib, treeCpuSeconds } from '../../support/cpu.ts'
import { Stage, type StageViewer } from '../../support/viewer/stage.ts'
import type { Viewer } from '../../support/viewer/viewer.ts'
import type { Surroundings } from './cascade-surroundings.ts'
import { median, round, spreadOf } from './statistics.ts'

type Apart = Pick<Surroundings, 'apart'>

const OFF = { peers: false }
const COMPANY: readonly StageViewer[] = [
  { name: 'a', mode: 'low' },
  { name: 'b', mode: 'continuity' },
]
const JOIN_LIMIT_MS = 30_000
const COST_SETTLE_MS = 10_000
const COST_SECONDS = 30

/** Opened in pairs, one with the cascade and one without, on a room in which others share already. */
export async function measureJoining({ pairs, apart }: { pairs: number } & Apart) {
  const stage = await Stage.start({ apart })
  const frames = { on: [] as number[], off: [] as number[] }
  const firstParts: number[] = []
  const joins: number[] = []
  try {
    for (const each of COMPANY) await stage.open(each)
    for (let pair = 0; pair < pairs; pair++)
      for (const kind of pair % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const)) {
        const viewer = await stage.open({ name: kind, ...(kind === 'off' ? { sharing: OFF } : {}) })
        frames[kind].push(await firstFrameMs(viewer))
        if (kind === 'on') {
          const joined = await joinTimes(viewer)
          firstParts.push(joined.firstPartMs)
          joins.push(joined.placeMs)
        }
        await stage.close(viewer)
      }
  } finally {
    await stage.end()
  }
  return {
    pairs,
    firstFrameMs: { on: spreadOf(frames.on), off: spreadOf(frames.off) },
    firstFrameOnToOff: round(median(frames.on) / median(frames.off), 3),
    /** from the first frame: only then is a place asked for */
    placeMs: spreadOf(joins),
    firstPeerPartMs: spreadOf(firstParts),
    all: { on: frames.on, off: frames.off, firstParts },
  }
}

async function firstFrameMs(viewer: Viewer): Promise<number> {
  let ms: number | null = null
  await eventually(async () => (ms = (await viewer.stats())?.firstFrameMs ?? null) !== null, JOIN_LIMIT_MS)
  return ms ?? NaN
}

async function joinTimes(viewer: Viewer): Promise<{ placeMs: number; firstPartMs: number }> {
  const shownMs = await firstFrameMs(viewer)
  await eventually(async () => (await viewer.meter()).firstPeerPartAtMs !== null, JOIN_LIMIT_MS)
  const { openedAtMs, joinedAtMs, firstPeerPartAtMs } = await viewer.meter()
  const since = (atMs: number | null): number => Math.round((atMs ?? NaN) - openedAtMs - shownMs)
  return { placeMs: since(joinedAtMs), firstPartMs: since(firstPeerPartAtMs) }
}

interface Cost {
  cpu: number
  memoryMib: number
  parents: number
}

/**
 * A viewer with one parent beside one with two, and one without the cascade, all at once, so that what else the machine does
 * weighs on all of them.
 */
export async function measureCost({ rounds, apart }: { rounds: number } & Apart) {
  const figures: Record<'none' | 'one' | 'two', Cost>[] = []
  for (let n = 0; n < rounds; n++) figures.push(await costRound(apart))
  const ratios = (pick: (cost: Cost) => number, over: 'one' | 'none') =>
    figures.map((figure) => round(pick(figure.two) / pick(figure[over]), 3))
  const cpu = { toOne: ratios((cost) => cost.cpu, 'one'), toNone: ratios((cost) => cost.cpu, 'none') }
  const memory = {
    toOne: ratios((cost) => cost.memoryMib, 'one'),
    toNone: ratios((cost) => cost.memoryMib, 'none'),
  }
  return {
    rounds,
    twoParentsToOne: {
      cpu: median(cpu.toOne),
      memory: median(memory.toOne),
      all: { cpu: cpu.toOne, memory: memory.toOne },
    },
    twoParentsToNone: { cpu: median(cpu.toNone), memory: median(memory.toNone) },
    figures,
  }
}

/** So many parents, and what each is to push, whatever the coordinator says of them: told so by its own page. */
const withParents = (stripes: readonly number[]): string => `
{
  const Socket = WebSocket
  const stripes = ${JSON.stringify(stripes)}
  window.WebSocket = class extends Socket {
    constructor(...args) {
      super(...args)
      this.addEventListener('message', (event) => {
        const message = typeof event.data === 'string' ? JSON.parse(event.data) : null
        if (message?.type !== 'cascade-parents' || event.isArranged || message.parents.length < stripes.length) return
        event.stopImmediatePropagation()
        const parents = stripes.map((mask, index) => ({ ...message.parents[index], stripes: mask }))
        const arranged = new MessageEvent('message', { data: JSON.stringify({ ...message, parents }) })
        arranged.isArranged = true
        this.dispatchEvent(arranged)
      })
    }
  }
}`
const ONE_PARENT = withParents([0b11111])
const TWO_PARENTS = withParents([0b01111, 0b10000])

async function costRound(apart: Apart['apart']): Promise<Record<'none' | 'one' | 'two', Cost>> {
  const stage = await Stage.start({ height: 360, bitrateKbps: 2000, apart })
  try {
    for (const each of COMPANY) await stage.open(each)
    const leaf = { relay: false }
    const two = await stage.open({ name: 'two', sharing: leaf, scripts: [TWO_PARENTS] })
    const one = await stage.open({ name: 'one', sharing: leaf, scripts: [ONE_PARENT] })
    const none = await stage.open({ name: 'none', sharing: OFF })
    await eventually(async () => (await parentsOf(two)) > 1 && (await parentsOf(one)) === 1, JOIN_LIMIT_MS)
    await new Promise((resolve) => setTimeout(resolve, COST_SETTLE_MS))
    const all = { none, one, two }
    const before = Object.values(all).map(({ tab }) => treeCpuSeconds(tab.pid))
    await new Promise((resolve) => setTimeout(resolve, COST_SECONDS * 1000))
    const costs = await Promise.all(
      Object.values(all).map(async (viewer, index) => ({
        cpu: round((treeCpuSeconds(viewer.tab.pid) - (before[index] ?? 0)) / COST_SECONDS, 4),
        memoryMib: residentMib(viewer.tab.pid),
        parents: await parentsOf(viewer),
      })),
    )
    const [ofNone, ofOne, ofTwo] = costs
    if (!ofNone || !ofOne || !ofTwo) throw new Error('three viewers have three costs')
    return { none: ofNone, one: ofOne, two: ofTwo }
  } finally {
    await stage.end()
  }
}

async function parentsOf(viewer: Viewer): Promise<number> {
  return (await viewer.stats())?.parents.filter(({ stripes }) => stripes > 0).length ?? 0
}
