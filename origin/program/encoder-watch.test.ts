import { describe, expect, it } from 'vitest'
import { EncoderWatch, TICK_MS } from './encoder-watch.ts'

const FIRST_MS = 10_000

function createWatch(patience = 1): EncoderWatch {
  return new EncoderWatch({ renditions: ['720p', '400p'], firstMs: FIRST_MS, patience })
}

interface Step {
  /** Ticks to go. */
  ticks: number
  /** Video placed in a tick, ms. */
  placedMs?: number
  /** Video brought in a tick, ms. */
  broughtMs?: number
  slowness?: number
}

/** Plays steps; the tick at which the encoder is said to hang, counted over all of them. */
function play(watch: EncoderWatch, steps: readonly Step[]): number | null {
  let [headMs, reachedMs, tick] = [FIRST_MS, FIRST_MS, 0]
  for (const { ticks, placedMs = TICK_MS, broughtMs = TICK_MS, slowness = 1 } of steps) {
    for (let at = 0; at < ticks; at++) {
      headMs += placedMs
      if (placedMs > 0) watch.placed(headMs)
      reachedMs = Math.min(reachedMs + broughtMs, headMs - 60)
      for (const name of broughtMs > 0 ? ['720p', '400p'] : []) watch.brought(name, reachedMs)
      tick++
      if (watch.tick(slowness)) return tick
    }
  }
  return null
}

describe('an encoder that is watched', () => {
  it('hangs when nothing of it comes for about 0.6 s while the timeline goes on', () => {
    const at = play(createWatch(), [{ ticks: 50 }, { ticks: 50, broughtMs: 0 }])
    expect(at).toBeGreaterThanOrEqual(55)
    expect(at).toBeLessThanOrEqual(57)
  })

  it('hangs when one rendition of it does', () => {
    const watch = createWatch()
    let at = 0
    for (; at < 50; at++) {
      watch.placed(FIRST_MS + at * TICK_MS)
      watch.brought('720p', FIRST_MS + at * TICK_MS)
      if (at < 20) watch.brought('400p', FIRST_MS + at * TICK_MS)
      if (watch.tick()) break
    }
    expect(at).toBeLessThan(30)
  })

  it('does not hang while there is nothing to encode, nor in the moment when there is again', () => {
    const away = { ticks: 600, placedMs: 0, broughtMs: 0 }
    const burst = { ticks: 1, placedMs: 1000, broughtMs: 0 }
    expect(play(createWatch(), [{ ticks: 50 }, away, burst, { ticks: 50, broughtMs: 300 }])).toBeNull()
  })

  it('does not hang while it is slow, however far it falls behind', () => {
    expect(play(createWatch(), [{ ticks: 50 }, { ticks: 500, broughtMs: 20 }])).toBeNull()
  })

  it('has a longer pause to itself where it has got over pauses', () => {
    const slow = Array.from({ length: 10 }, () => [
      { ticks: 4, broughtMs: 0 },
      { ticks: 1, broughtMs: 600 },
    ]).flat()
    const pause = { ticks: 8, broughtMs: 0 }
    expect(play(createWatch(), [{ ticks: 50 }, ...slow, pause, { ticks: 50 }])).toBeNull()
    expect(play(createWatch(), [{ ticks: 50 }, pause, { ticks: 50 }])).not.toBeNull()
  })

  it('has seconds for its first frame, and not for ever', () => {
    expect(play(createWatch(), [{ ticks: 40, broughtMs: 0 }, { ticks: 50 }])).toBeNull()
    expect(play(createWatch(), [{ ticks: 70, broughtMs: 0 }])).not.toBeNull()
  })

  it('has more time after others that hung, and on a machine that is overloaded', () => {
    const hung = [{ ticks: 50 }, { ticks: 200, broughtMs: 0 }]
    const usual = play(createWatch(), hung) ?? 0
    expect(play(createWatch(4), hung)).toBeGreaterThan(usual + 10)
    const loaded = hung.map((step) => ({ ...step, slowness: 4 }))
    expect(play(createWatch(), loaded)).toBeGreaterThan(usual + 10)
  })
})
