import fc from 'fast-check'
import { expect, it } from 'vitest'
import { badBackups, breachesOf, leftOut, underfed } from '../../tests/support/check-swarm.ts'
import type { Ability } from '../messages.ts'
import { Coordinator } from './coordinator.ts'
import type { Decision } from './coordinator.ts'
import { OPTIMISE_INTERVAL_MS } from './optimise.ts'

const BITRATE_KBPS = 1600
const MAX_PEERS = 60

const ability: fc.Arbitrary<Ability> = fc.record({
  device: fc.constantFrom('desktop', 'desktop', 'desktop', 'mobile'),
  relays: fc.integer({ min: 0, max: 9 }).map((dice) => dice > 0),
  upload_kbps: fc.constantFrom(0, 2000, 5000, 20_000),
  max_children: fc.integer({ min: 0, max: 6 }),
  hidden: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
  relay_only: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
})
const rootAbility: Ability = {
  device: 'root',
  relays: true,
  upload_kbps: 100_000,
  max_children: 12,
  hidden: false,
  relay_only: false,
}
const who = fc.nat({ max: MAX_PEERS - 1 })

const event = fc.oneof(
  { weight: 10, arbitrary: fc.record({ type: fc.constant('join' as const), who, ability }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('leave' as const), who }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('lost' as const),
      who,
      parent: fc.nat({ max: 2 }),
      why: fc.constantFrom('silent', 'denied', 'unreachable', 'slow'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('stats' as const),
      who,
      ability,
      rtt: fc.integer({ min: 1, max: 900 }),
      loss: fc.constantFrom(0, 0, 0.001, 0.01, 0.08),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('tick' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('root' as const), who: fc.nat({ max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('ban' as const), who }) },
)
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never

it('keeps every limit through joins, leaves, losses and moves, and leaves nobody out for whom there is room', () => {
  fc.assert(
    fc.property(
      fc.array(event, { minLength: 50, maxLength: 200, size: 'max' }),
      fc.integer(),
      (events, seed) => {
        const swarm = new Swarm(seed)
        for (const each of events) {
          swarm.apply(each)
          expect(breachesOf(swarm)).toEqual([])
        }
        swarm.settle()
        expect(breachesOf(swarm)).toEqual([])
        expect(leftOut(swarm)).toEqual([])
        expect(underfed(swarm)).toEqual([])
        expect(swarm.during(OPTIMISE_INTERVAL_MS, badBackups)).toEqual([])
      },
    ),
    // Shrinking two hundred events takes minutes; the seed is printed.
    { numRuns: 60, endOnFailure: true },
  )
})

it('tells every peer of its parents, and nothing twice', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 80, size: 'max' }), fc.integer(), (events, seed) => {
      const swarm = new Swarm(seed)
      for (const each of events) swarm.apply(each)
      for (const { id, device, parents } of swarm.view.peers) {
        if (device === 'root') continue
        const known = (swarm.told.get(id) ?? []).map((parent) => `${parent.id} ${parent.stripes}`)
        expect(known).toEqual(parents.map((parent) => `${parent.id} ${parent.stripes}`))
        for (const parent of parents) expect(swarm.coordinator.mayTalk(id, parent.id)).toBe(true)
        expect(swarm.coordinator.explain(id).length).toBeLessThanOrEqual(200)
      }
    }),
    { numRuns: 80 },
  )
})

class Swarm {
  readonly bitrateKbps = BITRATE_KBPS
  readonly abilities = new Map<string, Ability>()
  readonly told = new Map<string, Extract<Decision, { kind: 'parents' }>['parents']>()
  readonly coordinator: Coordinator
  #nowMs = 0

  constructor(seed: number) {
    let state = seed | 1
    const random = (): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      return state / 0x80000000
    }
    const program = { program: 'program01', rendition: '720p', bitrateKbps: BITRATE_KBPS }
    this.coordinator = new Coordinator({ ...program, now: () => this.#nowMs, random })
    this.#join('root0', rootAbility)
  }

  get view(): ReturnType<Coordinator['view']> {
    return this.coordinator.view()
  }

  apply(each: Event): void {
    this.#nowMs += 700
    if (each.type === 'join') this.#join(`peer${each.who}`, each.ability)
    else if (each.type === 'leave') this.#hear(this.coordinator.leave(`peer${each.who}`))
    else if (each.type === 'ban') this.#hear(this.coordinator.ban(`peer${each.who}`))
    else if (each.type === 'tick') this.#hear(this.coordinator.tick())
    else if (each.type === 'root') this.#toggleRoot(`root${each.who}`)
    else if (each.type === 'lost') this.#lose(`peer${each.who}`, each)
    else this.#report(`peer${each.who}`, each)
  }

  /** What is found at every tick for so long: somebody moves, and those below are looked at a little later. */
  during(ms: number, find: (swarm: Swarm) => string[]): string[] {
    let found = find(this)
    for (let passedMs = 0; passedMs <= ms && found.length > 0; passedMs += 1000) {
      this.#nowMs += 1000
      this.#hear(this.coordinator.tick())
      const now = find(this)
      found = found.filter((each) => now.includes(each))
    }
    return found
  }

  /** What failed is forgotten, and everybody is looked at a few times. */
  settle(): void {
    this.#nowMs += 700_000
    for (let tick = 0; tick < 120; tick += 1) {
      this.#nowMs += 1000
      for (const { id, device, parents } of this.view.peers) {
        const known = this.abilities.get(id)
        if (device === 'root' || known === undefined) continue
        const healthy = parents.map((parent) => ({ id: parent.id, rtt_ms: 40, loss: 0, relayed: false }))
        const bytes = { cascade: 1, http: 0 }
        this.#hear(this.coordinator.stats(id, { ability: known, parents: healthy, bytes }))
      }
      this.#hear(this.coordinator.tick())
    }
  }

  #join(id: string, allowed: Ability): void {
    if (this.coordinator.has(id) || this.coordinator.isBanned(id)) return
    this.abilities.set(id, allowed)
    this.told.delete(id)
    this.#hear(this.coordinator.join({ id, ability: allowed, locality: '' }))
  }

  #toggleRoot(id: string): void {
    if (this.coordinator.has(id)) this.#hear(this.coordinator.leave(id))
    else this.#join(id, rootAbility)
  }

  #lose(
    id: string,
    { parent, why }: { parent: number; why: 'silent' | 'denied' | 'unreachable' | 'slow' },
  ): void {
    const lost = this.coordinator.parentsOf(id)[parent]
    if (lost !== undefined) this.#hear(this.coordinator.lost(id, lost.id, why))
  }

  #report(
    id: string,
    { ability: allowed, rtt, loss }: { ability: Ability; rtt: number; loss: number },
  ): void {
    if (!this.coordinator.has(id)) return
    this.abilities.set(id, allowed)
    const parents = this.coordinator
      .parentsOf(id)
      .map((parent) => ({ id: parent.id, rtt_ms: rtt, loss, relayed: rtt % 3 === 0 }))
    this.#hear(this.coordinator.stats(id, { ability: allowed, parents, bytes: { cascade: 10, http: 1 } }))
  }

  #hear(decisions: Decision[]): void {
    for (const decision of decisions)
      if (decision.kind === 'parents') this.told.set(decision.peer, decision.parents)
  }
}
