import { expect, it } from 'vitest'
import { FROZEN_AFTER_MS, PICTURELESS_AFTER_MS, SILENT_AFTER_MS, SourceHealth } from './source-health.ts'

/** Sends at 25 fps for a while. */
function run(health: SourceHealth, ms: number, { video = true, audio = true, moves = true } = {}): void {
  for (let at = 0; at < ms; at += 40) {
    const timeMs = moves ? performance.now() + at : 5
    if (video) health.observe('video', timeMs)
    if (audio) health.observe('audio', timeMs)
    health.pass(40)
  }
}

it('a publisher that sends is well, and for how long is known', () => {
  const health = new SourceHealth()
  run(health, 4000)
  expect(health.ailment).toBeNull()
  expect(health.healthyForMs).toBe(4000)
})

it('one of which nothing comes is silent, and well again with its next tag, but not for long', () => {
  const health = new SourceHealth()
  run(health, 4000)
  health.pass(SILENT_AFTER_MS + 1)
  expect(health.ailment).toBe('silent')
  run(health, 40)
  expect([health.ailment, health.healthyForMs]).toEqual([null, 40])
})

it('one whose times stand still is frozen, until they move, be it back', () => {
  const health = new SourceHealth()
  run(health, 1000)
  run(health, FROZEN_AFTER_MS + 80, { moves: false })
  expect(health.ailment).toBe('frozen')
  health.observe('video', 1)
  expect(health.ailment).toBeNull()
})

it('sound that goes on is no picture, for one that had one', () => {
  const [seen, heard] = [new SourceHealth(), new SourceHealth()]
  run(seen, 1000)
  run(seen, PICTURELESS_AFTER_MS - 100, { video: false })
  expect(seen.ailment).toBeNull()
  run(seen, 200, { video: false })
  expect(seen.ailment).toBe('no-picture')
  run(heard, 10_000, { video: false })
  expect(heard.ailment).toBeNull()
})
