import { beforeEach, describe, expect, it } from 'vitest'
import type { Ability } from '../messages.ts'
import { Coordinator } from './coordinator.ts'
import { pushedBy } from '../../tests/support/check-swarm.ts'
import { seededRandom } from '../../tests/sim/random.ts'

const WEAK: Ability = {
  device: 'desktop',
  relays: true,
  upload_kbps: 5000,
  max_children: 8,
  hidden: false,
  relay_only: false,
}
const STRONG: Ability = { ...WEAK, upload_kbps: 20_000 }
const LEAF: Ability = { ...WEAK, device: 'mobile' }
const ROOT: Ability = { ...WEAK, device: 'root', upload_kbps: 1_000_000, max_children: 100 }

let now: number
let coordinator: Coordinator

beforeEach(() => {
  now = 0
  coordinator = create()
})

describe('the layers below the roots', () => {
  it('are for those who pass on much: one takes the place of one who passes on little', () => {
    join('weak', WEAK)
    for (let n = 0; n < 6; n += 1) join(`other${n}`, WEAK)
    join('strong', STRONG)
    expect(primaryOf('strong')).not.toBe('root')
    tick(60)
    expect(primaryOf('strong')).toBe('root')
    expect(primaryOf('weak')).not.toBe('root')
    const depths = coordinator.view().peers.map(({ depth }) => depth)
    expect(Math.max(...depths)).toBeLessThanOrEqual(3)
  })

  it('change hands also where no seat below the root is free', () => {
    coordinator = create({ ...ROOT, max_children: 4 })
    for (const id of ['weak', 'weaker']) join(id, WEAK)
    for (let n = 0; n < 10; n += 1) join(`other${n}`, WEAK)
    join('strong', STRONG)
    const rootsChildren = (): number =>
      coordinator.view().peers.filter(({ parents }) => parents.some(({ id }) => id === 'root')).length
    expect(rootsChildren()).toBe(4)
    expect(primaryOf('strong')).not.toBe('root')
    tick(60)
    expect(primaryOf('strong')).toBe('root')
    expect(rootsChildren()).toBeLessThanOrEqual(4)
    expect(
      coordinator.view().peers.every(({ device, parents }) => device === 'root' || parents.length > 0),
    ).toBe(true)
  })

  it('leave one who pushes more than it should with less at the next tick', () => {
    join('a', STRONG)
    for (let n = 0; n < 4; n += 1) join(`leaf${n}`, LEAF)
    join('b', STRONG)
    for (let n = 0; n < 40; n += 1) join(`more${n}`, WEAK)
    const before = pushed('a')
    // as if half of its line were used by something else
    const upload_kbps = before * 400 * 1.1
    now += 100
    coordinator.stats('a', {
      ability: { ...STRONG, upload_kbps },
      parents: [],
      bytes: { cascade: 0, http: 0 },
    })
    expect(pushed('a')).toBe(before)
    tick(1)
    expect(pushed('a')).toBeLessThan(before)
  })

  it('share the load where there is plenty of upload, and are filled one by one where there is not', () => {
    const busiest = (relays: number): number => {
      const ids = Array.from({ length: relays }, (_, n) => `relay${n}`)
      for (const id of ids) join(id, STRONG)
      for (let n = 0; n < 8; n += 1) join(`leaf${n}`, LEAF)
      return Math.max(...ids.map(pushed))
    }
    expect(busiest(8)).toBeLessThanOrEqual(20)
    coordinator = create()
    expect(busiest(2)).toBeGreaterThanOrEqual(25)
  })
})

function create(root = ROOT): Coordinator {
  const random = seededRandom(1)
  const created = new Coordinator({
    ...{ program: 'p', rendition: '720p', bitrateKbps: 2000 },
    ...{ now: () => now, random: () => random.next() },
  })
  created.join({ id: 'root', ability: root, locality: '' })
  return created
}

function join(id: string, ability: Ability): void {
  coordinator.join({ id, ability, locality: '' })
  now += 100
}

function tick(times: number): void {
  for (let n = 0; n < times; n += 1) {
    now += 1000
    coordinator.tick()
  }
}

function primaryOf(id: string): string | undefined {
  return coordinator.parentsOf(id)[0]?.id
}

function pushed(id: string): number {
  return pushedBy(coordinator.view(), id)
}
