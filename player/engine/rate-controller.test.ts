import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RateController } from './rate-controller.ts'

/** What the controller needs of a video element; it plays as the test's clock goes. */
class MemoryVideo extends EventTarget {
  readonly HAVE_CURRENT_DATA = 2
  currentTime = 100
  playbackRate = 1
  paused = false
  seeking = false
  readyState = 4
}

const TICK_MS = 100
let video: MemoryVideo
let newestS: number
let controller: RateController

const distance = (): number => newestS - video.currentTime

/** Time passes: the stream grows, and is played. */
async function pass(seconds: number, growth = 1): Promise<void> {
  for (let i = 0; i < seconds * 10; i++) {
    newestS += 0.1 * growth
    if (distance() > 0.1) video.currentTime += 0.1 * video.playbackRate
    await vi.advanceTimersByTimeAsync(TICK_MS)
  }
}

function start(mode: 'continuity' | 'low', distanceS: number): void {
  newestS = video.currentTime + distanceS
  controller = new RateController({
    video: video as unknown as HTMLVideoElement,
    mode,
    distanceS: distance,
    bufferedAheadS: distance,
  })
  controller.start()
}

beforeEach(() => {
  vi.useFakeTimers()
  video = new MemoryVideo()
})

afterEach(() => {
  controller.close()
  vi.useRealTimers()
})

describe('RateController', () => {
  it('rebuilds what an outage has eaten without a jump', async () => {
    start('continuity', 9)
    await pass(5)
    await pass(3, 0)
    const before = video.currentTime
    await pass(20)
    expect(video.playbackRate).toBe(0.97)
    expect(video.currentTime - before).toBeCloseTo(20 * 0.97, 0)
    await pass(120)
    expect(distance()).toBeGreaterThan(8.6)
  })

  it('plays faster after the viewer’s own network was away, and leaves nothing out', async () => {
    start('continuity', 9)
    await pass(5)
    newestS += 11
    const before = video.currentTime
    await pass(10)
    expect(video.currentTime - before).toBeCloseTo(10 * 1.05, 0)
  })

  it('is back at its distance in low mode within seconds, though an outage of the network made it late', async () => {
    start('low', 0.9)
    await pass(5)
    newestS += 4
    await pass(5)
    expect(distance()).toBeLessThan(1.2)
  })

  it('comes all the way back to live after a sleep, though what was missed comes in pieces', async () => {
    start('continuity', 9)
    await pass(5)
    vi.setSystemTime(Date.now() + 30_000)
    await pass(1)
    newestS += 10
    await pass(2)
    newestS += 20
    await pass(5)
    expect(distance()).toBeLessThan(9.5)
  })

  it('leaves a viewer alone who went back, and goes to live when asked', async () => {
    start('continuity', 9)
    await pass(5)
    controller.seekBy(-12)
    await pass(20)
    expect(distance()).toBeGreaterThan(20)
    controller.goToLive()
    expect(distance()).toBeCloseTo(9, 0)
  })
})
