import { beforeEach, describe, expect, it } from 'vitest'
import { pushedBy } from '../../tests/support/check-swarm.ts'
import { measureCoordinator } from '../../tests/bench/support/coordinator-load.ts'
import type { Ability } from '../messages.ts'
import { Coordinator } from './coordinator.ts'
import type { Decision } from './coordinator.ts'
import { RETURN_GRACE_MS } from './returning.ts'

const DESKTOP: Ability = {
  device: 'desktop',
  relays: true,
  upload_kbps: 10_000,
  max_children: 3,
  hidden: false,
  relay_only: false,
}
const ROOT: Ability = { ...DESKTOP, device: 'root', upload_kbps: 1_000_000, max_children: 4 }
const PHONE: Ability = { ...DESKTOP, device: 'mobile' }

let now: number
let coordinator: Coordinator

beforeEach(() => {
  now = 0
  coordinator = create()
})

describe('Coordinator', () => {
  it('sends newcomers away while there is no root, to ask again', () => {
    expect(join('a')).toEqual([{ kind: 'off', peer: 'a', reason: 'no_root', retryMs: expect.any(Number) }])
    expect(coordinator.has('a')).toBe(false)
  })

  it('hangs the first viewer below the root and the next ones below viewers, so that the root gives little', () => {
    join('root', ROOT)
    for (const id of 'abcdef') join(id)
    const primaries = [...'abcdef'].map((id) => coordinator.parentsOf(id)[0]?.id)
    expect(primaries[0]).toBe('root')
    expect(primaries.filter((id) => id === 'root')).toHaveLength(1)
  })

  it('gives the primary four stripes and a backup one', () => {
    join('root', ROOT)
    join('a')
    join('b')
    expect(coordinator.parentsOf('b').slice(0, 2)).toMatchObject([
      { id: 'a', role: 'primary', stripes: 0b01111, depth: 1 },
      { id: 'root', role: 'backup', stripes: 0b10000, depth: 0 },
    ])
  })

  it('gives phones, hidden pages and those who hide their address no children', () => {
    join('root', ROOT)
    join('phone', PHONE)
    join('hidden', { ...DESKTOP, hidden: true })
    join('shy', { ...DESKTOP, relay_only: true })
    join('mean', { ...DESKTOP, relays: false })
    expect(coordinator.view().peers.map(({ id, children }) => [id, children])).toEqual([
      ['root', 4],
      ['phone', 0],
      ['hidden', 0],
      ['shy', 0],
      ['mean', 0],
    ])
  })

  it('refuses newcomers only when nobody has room, and lets one who relays take the place of a leaf', () => {
    join('root', { ...ROOT, max_children: 2 })
    join('p1', PHONE)
    join('p2', PHONE)
    expect(join('p3', PHONE)).toMatchObject([{ kind: 'off', reason: 'full' }])
    join('relay')
    expect(coordinator.parentsOf('relay')[0]?.id).toBe('root')
    for (const id of ['p1', 'p2']) expect(coordinator.parentsOf(id)).not.toEqual([])
    expect(join('p3', PHONE)).toMatchObject([{ kind: 'parents', peer: 'p3' }])
  })

  it('promotes the backup of those who lost their primary, and tells them', () => {
    join('root', { ...ROOT, max_children: 8 })
    join('a')
    join('b')
    expect(coordinator.parentsOf('b').map(({ id }) => id)).toEqual(['a', 'root'])
    const decisions = coordinator.leave('a')
    expect(coordinator.parentsOf('b')[0]?.id).toBe('root')
    expect(decisions.find(({ peer }) => peer === 'b')).toMatchObject({ kind: 'parents' })
    expect(
      coordinator.view().peers.every(({ device, parents }) => device === 'root' || parents.length > 0),
    ).toBe(true)
  })

  it('has a root lead one of those who lost their primary, and that one the others', () => {
    join('root', { ...ROOT, max_children: 8 })
    for (const id of 'abcdefgh') join(id)
    const orphans = [...'bcdefgh'].filter((id) => coordinator.parentsOf(id)[0]?.id === 'a')
    expect(orphans.length).toBeGreaterThan(1)
    for (const id of orphans) expect(coordinator.parentsOf(id).map((parent) => parent.id)).toContain('root')
    coordinator.leave('a')
    expect(orphans.filter((id) => coordinator.parentsOf(id)[0]?.id === 'root')).toHaveLength(1)
    expect(pushedBy(coordinator.view(), 'root')).toBeLessThanOrEqual(6)
  })

  it('has a backup lead in the place of a root that pushes more than its share', () => {
    join('root', { ...ROOT, max_children: 8 })
    for (const id of ['p1', 'p2', 'p3']) join(id, PHONE)
    expect(pushedBy(coordinator.view(), 'root')).toBeGreaterThan(10)
    const relay: Ability = { ...DESKTOP, max_children: 8, upload_kbps: 1600 }
    join('relay', relay)
    runFor(5)
    expect(['p1', 'p2', 'p3'].some((id) => coordinator.parentsOf(id)[1]?.id === 'relay')).toBe(true)
    report('relay', { rtt: 20, loss: 0 }, { ...relay, upload_kbps: 20_000 })
    runFor(30)
    expect(pushedBy(coordinator.view(), 'root')).toBeLessThanOrEqual(6)
    for (const id of ['p1', 'p2', 'p3']) expect(coordinator.parentsOf(id)[0]?.id).toBe('relay')
  })

  it('does not give a parent again that was just given up', () => {
    join('root', ROOT)
    join('a')
    join('b')
    coordinator.lost('b', 'a', 'silent')
    expect(coordinator.parentsOf('b').map(({ id }) => id)).toEqual(['root'])
  })

  it('takes everybody away from a parent that most of its children found silent', () => {
    join('root', { ...ROOT, max_children: 8 })
    join('a')
    for (const id of 'bc') join(id)
    const children = [...'bc'].filter((id) => coordinator.parentsOf(id)[0]?.id === 'a')
    expect(children).toEqual(['b', 'c'])
    coordinator.lost('b', 'a', 'silent')
    coordinator.lost('c', 'a', 'silent')
    expect(join('d')).toMatchObject([{ kind: 'parents' }])
    expect(coordinator.parentsOf('d').map(({ id }) => id)).not.toContain('a')
  })

  it('hangs viewers back below a root that is the only one left, however it was given up', () => {
    join('root', { ...ROOT, max_children: 8 })
    join('a')
    expect(coordinator.lost('a', 'root', 'silent')).toMatchObject([
      { kind: 'parents', peer: 'a', parents: [] },
    ])
    now += 6000
    const told = Array.from({ length: 3 }, () => coordinator.tick()).flat()
    expect(told).toMatchObject([{ kind: 'parents', peer: 'a', parents: [{ id: 'root' }] }])
  })

  it('sends nobody else to one that nobody could reach', () => {
    join('root', { ...ROOT, max_children: 2 })
    join('walled', { ...DESKTOP, max_children: 8 })
    join('b')
    expect(coordinator.parentsOf('b')[0]?.id).toBe('walled')
    coordinator.lost('b', 'walled', 'unreachable')
    now += 11_000
    for (const id of 'cdef') {
      join(id)
      expect(coordinator.parentsOf(id).map((parent) => parent.id)).not.toContain('walled')
    }
  })

  it('brings roots back to their share when those who hang from them can hang from others', () => {
    join('root', { ...ROOT, max_children: 40 })
    const phones = Array.from({ length: 10 }, (_, k) => `p${k}`)
    for (const id of phones) join(id, PHONE)
    expect(pushedBy(coordinator.view(), 'root')).toBeGreaterThan(20)
    for (const id of 'abc') join(id, { ...DESKTOP, upload_kbps: 20_000, max_children: 10 })
    for (let second = 0; second < 60; second++) {
      now += 1000
      coordinator.tick()
    }
    expect(pushedBy(coordinator.view(), 'root')).toBeLessThanOrEqual(8)
  })

  it('moves a viewer away from a bad link at the alarm, and leaves it alone afterwards', () => {
    join('root', { ...ROOT, max_children: 8 })
    for (const id of 'abcdef') join(id)
    now += 60_000
    coordinator.tick()
    const [before] = coordinator.parentsOf('f')
    report('f', { rtt: 900, loss: 0.2 })
    const [after] = coordinator.parentsOf('f')
    expect(after?.id).not.toBe(before?.id)
    expect(coordinator.moves).toBe(1)
    report('f', { rtt: 900, loss: 0.2 })
    expect(coordinator.moves).toBe(1)
  })

  it('re-places the children of a peer whose page is hidden', () => {
    join('root', { ...ROOT, max_children: 8 })
    for (const id of 'abcd') join(id)
    report('a', { rtt: 20, loss: 0 }, { ...DESKTOP, hidden: true })
    const { children } = coordinator.view().peers.find(({ id }) => id === 'a') ?? {}
    expect(children).toBe(0)
    for (const id of 'bcd') expect(coordinator.parentsOf(id)).not.toEqual([])
  })

  it('cuts a polluter off for good and gives its children others at once', () => {
    join('root', { ...ROOT, max_children: 8 })
    for (const id of 'abc') join(id)
    const decisions = coordinator.ban('a')
    expect(decisions).toContainEqual({ kind: 'off', peer: 'a', reason: 'banned', retryMs: null })
    expect(coordinator.view().peers.flatMap(({ parents }) => parents.map(({ id }) => id))).not.toContain('a')
    expect(join('a')).toMatchObject([{ kind: 'off', reason: 'banned' }])
  })

  it('lets only those talk that were chosen for each other', () => {
    join('root', ROOT)
    for (const id of 'ab') join(id)
    expect(coordinator.mayTalk('a', 'b')).toBe(true)
    expect(coordinator.mayTalk('b', 'a')).toBe(true)
    expect(coordinator.mayTalk('a', 'nobody')).toBe(false)
    coordinator.leave('a')
    expect(coordinator.mayTalk('a', 'b')).toBe(false)
  })

  it('keeps the viewers of a dead root where they are, and hangs them below the next root', () => {
    join('root', ROOT)
    for (const id of 'abc') join(id)
    coordinator.leave('root')
    expect(coordinator.parentsOf('b')[0]?.id).toBe('a')
    const decisions = join('other', ROOT)
    expect(decisions.find(({ peer }) => peer === 'a')).toMatchObject({ parents: [{ id: 'other' }] })
  })

  it('says why in a sentence', () => {
    join('root', ROOT)
    join('a')
    join('b')
    expect(coordinator.parentsOf('a')[0]?.why).toBe(
      'best of those with room: root, not measured yet, 5 of 5 stripes, 1 parents',
    )
    expect(coordinator.explain('b')).toContain('depth 2')
    expect(coordinator.explain('nobody')).toBe('is not in the swarm')
  })
})

describe('Coordinator after a restart', () => {
  it('takes the graph as its peers report it, in whatever order they come back', () => {
    join('root', ROOT)
    for (const id of 'abcdef') join(id)
    const before = graphOf(coordinator)
    for (const order of ['fedcba', 'abcdef', 'cafebd']) {
      coordinator = create()
      if (order !== 'fedcba') join('root', ROOT)
      for (const id of order) join(id, DESKTOP, before.get(id))
      if (order === 'fedcba') join('root', ROOT)
      expect(graphOf(coordinator)).toEqual(before)
    }
  })

  it('tells nobody anything while parents are still missing, and finds others when they stay away', () => {
    join('root', ROOT)
    expect(join('b', DESKTOP, ['a', 'root'])).toEqual([])
    now += RETURN_GRACE_MS + 1
    expect(coordinator.tick()).toMatchObject([{ kind: 'parents', peer: 'b', parents: [{ id: 'root' }] }])
  })

  it('does not believe in circles', () => {
    join('root', ROOT)
    join('a', DESKTOP, ['b'])
    join('b', DESKTOP, ['a'])
    now += RETURN_GRACE_MS + 1
    coordinator.tick()
    const parents = graphOf(coordinator)
    expect(parents.get('a')?.includes('b') === true && parents.get('b')?.includes('a') === true).toBe(false)
  })
})

describe('Coordinator with 3,000 peers', () => {
  it('places them quickly, in little memory, and mends the death of any parent at once', () => {
    const figures = measureCoordinator(3000)
    expect(figures).toMatchObject({ placed: 3000 })
    expect(figures.joinsPerSecond).toBeGreaterThan(500)
    expect(figures.bytesPerPeer).toBeLessThan(3000)
    expect(figures.repairMs.p50).toBeLessThan(10)
    expect(figures.maxDepth).toBeLessThanOrEqual(5)
    expect(figures.rootShare).toBeLessThan(0.06)
  })
})

function create(): Coordinator {
  let state = 7
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state / 0x80000000
  }
  return new Coordinator({
    program: 'program01',
    rendition: '720p',
    bitrateKbps: 1600,
    now: () => now,
    random,
  })
}

function runFor(seconds: number): void {
  for (let second = 0; second < seconds; second += 1) {
    now += 1000
    coordinator.tick()
  }
}

function join(id: string, ability: Ability = DESKTOP, parents: string[] = []): Decision[] {
  return coordinator.join({ id, ability, locality: '' }, parents)
}

function report(id: string, { rtt, loss }: { rtt: number; loss: number }, ability: Ability = DESKTOP): void {
  const parents = coordinator.parentsOf(id).slice(0, 1)
  coordinator.stats(id, {
    ability,
    parents: parents.map((parent) => ({ id: parent.id, rtt_ms: rtt, loss, relayed: false })),
    bytes: { cascade: 1000, http: 0 },
  })
}

function graphOf(of: Coordinator): Map<string, string[]> {
  const viewers = of.view().peers.filter(({ device }) => device !== 'root')
  return new Map(
    viewers.map(({ id, parents }): [string, string[]] => [id, parents.map((parent) => parent.id)]).sort(),
  )
}
