/** A swarm of many peers of mixed uplinks under the coordinator, and what its decisions cost. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Coordinator } from '../../../cascade/coordinator/coordinator.ts'
import type { Ability } from '../../../cascade/messages.ts'

export interface CoordinatorFigures {
  peers: number
  placed: number
  joinsPerSecond: number
  bytesPerPeer: number
  repairMs: { kills: number; p50: number; p99: number; max: number; maxOrphans: number }
  rootDeathMs: { orphans: number; ms: number }
  tickMs: { p50: number; max: number }
  maxDepth: number
  meanDepth: number
  /** Streams out of the roots, of all that viewers receive. */
  rootShare: number
}

const BITRATE_KBPS = 1600
const KILLS = 500
const TICKS = 100

/** Uplinks as in the churn model: 20 % none, 30 % 2, 30 % 5, 20 % 20 Mbit/s. */
export function measureCoordinator(peers: number, seed = 1): CoordinatorFigures {
  const random = seeded(seed)
  let now = 0
  const coordinator = new Coordinator({
    program: 'benchmark1',
    rendition: '720p',
    bitrateKbps: BITRATE_KBPS,
    now: () => now,
    random,
  })
  const before = heapAfterGc()
  for (let root = 0; root < 4; root += 1)
    coordinator.join({ id: idOf(root), ability: rootAbility(), locality: '' })
  const started = performance.now()
  for (let peer = 4; peer < peers + 4; peer += 1) {
    now += 5
    coordinator.join({ id: idOf(peer), ability: viewerAbility(random), locality: `net${peer % 50}` })
  }
  const joinsPerSecond = Math.round(peers / ((performance.now() - started) / 1000))
  const bytesPerPeer = Math.round((heapAfterGc() - before) / peers)
  const tickMs = Array.from({ length: TICKS }, () => {
    now += 1000
    return timed(() => coordinator.tick())
  })
  const shape = shapeOf(coordinator)
  const kills = killParents(coordinator, random)
  const orphans = coordinator.view().peers.find(({ id }) => id === idOf(0))?.children ?? 0
  const rootMs = timed(() => coordinator.leave(idOf(0)))
  return {
    peers,
    placed: shape.placed,
    joinsPerSecond,
    bytesPerPeer,
    repairMs: {
      kills: kills.length,
      p50: quantile(
        kills.map(({ ms }) => ms),
        0.5,
      ),
      p99: quantile(
        kills.map(({ ms }) => ms),
        0.99,
      ),
      max: quantile(
        kills.map(({ ms }) => ms),
        1,
      ),
      maxOrphans: Math.max(...kills.map((each) => each.orphans)),
    },
    rootDeathMs: { orphans, ms: round(rootMs) },
    tickMs: { p50: quantile(tickMs, 0.5), max: quantile(tickMs, 1) },
    maxDepth: shape.maxDepth,
    meanDepth: shape.meanDepth,
    rootShare: shape.rootShare,
  }
}

function killParents(coordinator: Coordinator, random: () => number): { ms: number; orphans: number }[] {
  const parents = coordinator.view().peers.filter(({ children, device }) => children > 0 && device !== 'root')
  return Array.from({ length: Math.min(KILLS, parents.length) }, () => {
    const [victim] = parents.splice(Math.floor(random() * parents.length), 1)
    if (victim === undefined) throw new Error('nobody left to be killed')
    return { ms: timed(() => coordinator.leave(victim.id)), orphans: victim.children }
  })
}

function shapeOf(
  coordinator: Coordinator,
): Record<'placed' | 'maxDepth' | 'meanDepth' | 'rootShare', number> {
  const { peers } = coordinator.view()
  const roots = new Set(peers.filter(({ device }) => device === 'root').map(({ id }) => id))
  const viewers = peers.filter(({ id, parents }) => !roots.has(id) && parents.length > 0)
  const fromRoots = viewers.flatMap(({ parents }) => parents.filter(({ id }) => roots.has(id)))
  const stripes = fromRoots.reduce(
    (sum, parent) => sum + parent.stripes.toString(2).replaceAll('0', '').length,
    0,
  )
  return {
    placed: viewers.length,
    maxDepth: Math.max(...viewers.map(({ depth }) => depth)),
    meanDepth: round(viewers.reduce((sum, { depth }) => sum + depth, 0) / viewers.length),
    rootShare: round(stripes / 5 / viewers.length),
  }
}

function viewerAbility(random: () => number): Ability {
  const dice = random()
  const upload_kbps = dice < 0.2 ? 0 : dice < 0.5 ? 2000 : dice < 0.8 ? 5000 : 20_000
  const device = random() < 0.2 ? 'mobile' : 'desktop'
  return { device, relays: true, upload_kbps, max_children: 8, hidden: false, relay_only: false }
}

function rootAbility(): Ability {
  return {
    device: 'root',
    relays: true,
    upload_kbps: 1_000_000,
    max_children: 512,
    hidden: false,
    relay_only: false,
  }
}

function timed(act: () => unknown): number {
  const started = performance.now()
  act()
  return performance.now() - started
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}

function heapAfterGc(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

function idOf(peer: number): string {
  return peer.toString(16).padStart(16, '0')
}

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
