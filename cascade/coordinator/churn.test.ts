/** A large room with people coming and going for five minutes, as the coordinator sees it: no limit is broken. */
import { expect, it } from 'vitest'
import { seededRandom } from '../../tests/sim/random.ts'
import { breachesOf } from '../../tests/support/check-swarm.ts'
import type { Ability } from '../messages.ts'
import { Coordinator } from './coordinator.ts'

const VIEWERS = 300
const BITRATE_KBPS = 2096
const SECONDS = 300
const CHANGES_A_SECOND = 3
const UPLOADS_KBPS = [0, 0, 2000, 2000, 2000, 5000, 5000, 5000, 20_000, 20_000]
const STATS_S = 10
const LOOK_S = 10

it.each([1, 2, 3])('keeps every limit in a room of 300, seed %i', (seed) => {
  const random = seededRandom(seed)
  let nowMs = 0
  const coordinator = new Coordinator({
    ...{ program: 'program01', rendition: '720p', bitrateKbps: BITRATE_KBPS },
    now: () => nowMs,
    random: () => random.next(),
  })
  const abilities = new Map<string, Ability>()
  const unreachable = new Set<string>()
  const join = (ability: Ability): void => {
    const id = `peer${abilities.size}`
    abilities.set(id, ability)
    if (random.isTrue(0.2)) unreachable.add(id)
    coordinator.join({ id, ability, locality: '' })
  }
  const report = (id: string): void => {
    const parents = coordinator.parentsOf(id)
    // who cannot be reached by viewers is found to be so when it was dialled
    const failed = parents.find((parent) => unreachable.has(parent.id) && random.isTrue(0.8))
    if (failed) return void coordinator.lost(id, failed.id, 'unreachable')
    const seen = parents.map((parent) => ({
      ...{ id: parent.id, relayed: false },
      ...{ rtt_ms: random.between(20, 200), loss: random.isTrue(0.05) ? 0.03 : 0 },
    }))
    const ability = abilities.get(id)
    if (ability) coordinator.stats(id, { ability, parents: seen, bytes: { cascade: 9, http: 1 } })
  }
  join(abilityOf('root', 100_000))
  join(abilityOf('root', 100_000))
  for (let second = 0; second < SECONDS; second += 1) {
    nowMs += 1000
    const viewers = coordinator.view().peers.filter(({ device }) => device !== 'root')
    for (let change = 0; change < CHANGES_A_SECOND; change += 1) {
      if (viewers.length < VIEWERS || random.isTrue(0.5)) {
        const uploadKbps = random.pick(UPLOADS_KBPS)
        join(abilityOf(uploadKbps > 0 ? 'desktop' : 'mobile', uploadKbps))
      } else coordinator.leave(random.pick(viewers).id)
    }
    for (const [index, { id }] of viewers.entries()) if ((index + second) % STATS_S === 0) report(id)
    coordinator.tick()
    if (second % LOOK_S === 0) {
      const view = coordinator.view()
      expect(breachesOf({ view, abilities, bitrateKbps: BITRATE_KBPS })).toEqual([])
    }
  }
})

function abilityOf(device: Ability['device'], uploadKbps: number): Ability {
  return {
    ...{ device, relays: uploadKbps > 0, upload_kbps: uploadKbps },
    max_children: device === 'root' ? 100 : uploadKbps > 0 ? 8 : 0,
    ...{ hidden: false, relay_only: false },
  }
}
