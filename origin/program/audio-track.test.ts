import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AudioTrack, frameAt, frameTimeMs, MAX_PATIENCE_MS, SILENT_FRAME } from './audio-track.ts'
import { TIMELINE_START_MS } from './timeline.ts'

const FIRST = frameAt(TIMELINE_START_MS)
const SOUND = Uint8Array.of(1, 2, 3)

function record(): { track: AudioTrack; frames: number[]; sounding: number[] } {
  const frames: number[] = []
  const sounding: number[] = []
  const track = new AudioTrack((frame, data) => {
    frames.push(frame)
    if (data !== SILENT_FRAME) sounding.push(frame)
  })
  return { track, frames, sounding }
}

describe('the grid of frames', () => {
  it('has frame n at sample 1024·n, and gives a time the first frame at or after it', () => {
    expect(frameTimeMs(48_000)).toBe(1024_000)
    expect(frameAt(1024_000)).toBe(48_000)
    expect(frameAt(1024_000.001)).toBe(48_001)
    expect(frameTimeMs(FIRST)).toBeGreaterThanOrEqual(TIMELINE_START_MS)
  })
})

describe('audio of a source', () => {
  it('goes out as it comes', () => {
    const { track, frames, sounding } = record()
    for (let n = FIRST; n < FIRST + 10; n++) track.deliver(n, SOUND)
    expect(sounding).toEqual(frames)
    expect(track.silentFrames).toBe(0)
  })

  it('is silent up to a frame that lies farther on', () => {
    const { track, frames, sounding } = record()
    track.deliver(FIRST + 5, SOUND)
    expect(frames).toEqual([0, 1, 2, 3, 4, 5].map((n) => FIRST + n))
    expect(sounding).toEqual([FIRST + 5])
  })

  it('is dropped where it overlaps what is there', () => {
    const { track, frames } = record()
    track.deliver(FIRST, SOUND)
    track.deliver(FIRST, SOUND)
    track.deliver(FIRST - 3, SOUND)
    expect(frames).toEqual([FIRST])
  })
})

describe('silence', () => {
  it('follows video closely where no audio is announced', () => {
    const { track } = record()
    track.expect(false)
    track.follow(TIMELINE_START_MS + 1000)
    expect(frameTimeMs(track.next)).toBeGreaterThan(TIMELINE_START_MS + 900)
  })

  it('waits longer for audio that is on its way', () => {
    const { track, frames } = record()
    track.expect(true)
    track.follow(TIMELINE_START_MS + 500)
    expect(frames).toEqual([])
    track.follow(TIMELINE_START_MS + 1500)
    expect(frameTimeMs(track.next)).toBeGreaterThan(TIMELINE_START_MS + 850)
  })

  it('gives way to audio that starts late, though it comes some time behind video', () => {
    const { track, sounding } = record()
    track.expect(true)
    let videoMs = TIMELINE_START_MS
    for (; videoMs < TIMELINE_START_MS + 5000; videoMs += 40) track.follow(videoMs)
    let frame = frameAt(videoMs)
    const first = frame
    for (; videoMs < TIMELINE_START_MS + 8000; videoMs += 40) {
      track.follow(videoMs)
      while (frameTimeMs(frame) < videoMs - 250) track.deliver(frame++, SOUND)
    }
    const lost = frame - first - sounding.length
    expect(lost).toBeLessThan(frameAt(300))
    expect(sounding.at(-1)).toBe(frame - 1)
  })

  it.each([700, 1500])('gives way to audio that is always %d ms behind its video', (behindMs) => {
    const { track, sounding } = record()
    track.expect(true)
    let frame = FIRST
    for (let videoMs = TIMELINE_START_MS; videoMs < TIMELINE_START_MS + 10_000; videoMs += 40) {
      track.follow(videoMs)
      while (frameTimeMs(frame) < videoMs - behindMs) track.deliver(frame++, SOUND)
    }
    expect(sounding.length).toBeGreaterThan(frame - FIRST - frameAt(2 * behindMs + 300))
    expect(sounding.at(-1)).toBe(frame - 1)
  })

  it('waits no longer than it must for what comes too late for any viewer', () => {
    const { track } = record()
    track.expect(true)
    let frame = FIRST
    for (let videoMs = TIMELINE_START_MS; videoMs < TIMELINE_START_MS + 20_000; videoMs += 40) {
      track.follow(videoMs)
      while (frameTimeMs(frame) < videoMs - 5000) track.deliver(frame++, SOUND)
      expect(frameTimeMs(track.next)).toBeGreaterThan(videoMs - MAX_PATIENCE_MS)
    }
  })
})

it('has every frame exactly once and in order, whatever arrives', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('deliver'), at: fc.integer({ min: -40, max: 200 }) }),
    fc.record({ kind: fc.constant('follow'), at: fc.integer({ min: -1000, max: 4000 }) }),
    fc.record({ kind: fc.constant('expect'), at: fc.integer({ min: 0, max: 1 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (arrivals) => {
      const { track, frames } = record()
      for (const { kind, at } of arrivals) {
        if (kind === 'deliver') track.deliver(track.next + at, SOUND)
        else if (kind === 'follow') track.follow(frameTimeMs(track.next) + at)
        else track.expect(at === 1)
      }
      expect(frames).toEqual(frames.map((_, index) => FIRST + index))
      expect(track.next).toBe(FIRST + frames.length)
    }),
  )
})
