import { describe, expect, it } from 'vitest'
import { KeyframeCadence } from './keyframe-cadence.ts'

const LIMIT_MS = 1000
const GOP_MS = 2000

/** Has seen keyframes every 2 s, each so much farther ahead; the last was at 10 s. */
function cadenceOf(lastAheadMs: number, growthMs: number): KeyframeCadence {
  const cadence = new KeyframeCadence(LIMIT_MS)
  cadence.keyframe(10_000 - 2 * GOP_MS, lastAheadMs - 2 * growthMs)
  cadence.keyframe(10_000 - GOP_MS, lastAheadMs - growthMs)
  cadence.keyframe(10_000, lastAheadMs)
  return cadence
}

describe('what comes before a keyframe', () => {
  it('is left out from where it lasts as long as the source is ahead', () => {
    const cadence = cadenceOf(700, 200)
    expect(cadence.isTimeToSkip(11_000, 800)).toBe(false)
    expect(cadence.isTimeToSkip(11_160, 850)).toBe(true)
  })

  it('is not while there is another chance', () => {
    expect(cadenceOf(700, 60).isTimeToSkip(11_500, 750)).toBe(false)
  })

  it('is not in a source that is ahead and stays so', () => {
    expect(cadenceOf(900, 0).isTimeToSkip(11_500, 900)).toBe(false)
  })

  it('is not in a source that got ahead once', () => {
    const cadence = cadenceOf(0, 0)
    cadence.keyframe(12_000, 800)
    expect(cadence.isTimeToSkip(13_500, 800)).toBe(false)
  })

  it('is although a hiccup has held up one keyframe', () => {
    const cadence = new KeyframeCadence(LIMIT_MS)
    const aheadMs = [600, 660, 720, 780, 700, 900]
    aheadMs.forEach((each, index) => cadence.keyframe(index * GOP_MS, each))
    expect(cadence.isTimeToSkip(6 * GOP_MS - 850, 900)).toBe(true)
  })

  it('is not when the keyframe is overdue', () => {
    expect(cadenceOf(900, 200).isTimeToSkip(12_000, 990)).toBe(false)
  })
})

it('knows nothing before there are three keyframes, and after a restart', () => {
  const cadence = new KeyframeCadence(LIMIT_MS)
  cadence.keyframe(10_000, 700)
  cadence.keyframe(12_000, 900)
  expect(cadence.isTimeToSkip(13_500, 950)).toBe(false)
  const restarted = cadenceOf(900, 200)
  restarted.restart()
  restarted.keyframe(12_000, 0)
  expect(restarted.isTimeToSkip(13_500, 950)).toBe(false)
})
