import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  AHEAD_LIMIT_MS,
  JUMP_FORWARD_MS,
  MAX_COMPOSITION_MS,
  Timeline,
  TIMELINE_START_MS,
} from './timeline.ts'

const WALL = 1_700_000_000_000
const FRAME_MS = 40
const AUDIO_MS = 1024 / 48
const WRAP = 2 ** 32

/** One publisher on a timeline: sends in step with the wall clock unless told otherwise. */
class Publisher {
  readonly timeline: Timeline
  nowMs: number
  sourceMs: number
  audioMs: number
  #frame = 0

  constructor({ timeline = new Timeline(), nowMs = WALL, sourceMs = 5000, audioAfterMs = 0 } = {}) {
    this.timeline = timeline
    this.nowMs = nowMs
    this.sourceMs = sourceMs
    this.audioMs = sourceMs + audioAfterMs
  }

  video({ keyframe = this.#frame % 50 === 0, compositionMs = 0 } = {}): number | null {
    this.#frame++
    const dtsMs = wrapped(this.sourceMs)
    const placed = this.timeline.placeVideo({ dtsMs, ptsMs: dtsMs + compositionMs, keyframe }, this.nowMs)
    this.sourceMs += FRAME_MS
    return placed && placed.dtsMs
  }

  audio(isAlone = false): number | null {
    const placed = this.timeline.placeAudio(wrapped(this.audioMs), this.nowMs, isAlone)
    this.audioMs += FRAME_MS
    return placed
  }

  /** Frames of both tracks in real time; the offsets they were given. */
  run(frames: number): { video: (number | null)[]; audio: (number | null)[] } {
    const video: (number | null)[] = []
    const audio: (number | null)[] = []
    for (let n = 0; n < frames; n++) {
      video.push(this.video())
      audio.push(this.audio())
      this.nowMs += FRAME_MS
    }
    return { video, audio }
  }

  jump(byMs: number): void {
    this.sourceMs += byMs
    this.audioMs += byMs
  }
}

function wrapped(timeMs: number): number {
  return Math.round(((timeMs % WRAP) + WRAP) % WRAP)
}

function steps(placed: (number | null)[]): number[] {
  return placed.slice(1).map((time, index) => (time ?? NaN) - (placed[index] ?? NaN))
}

describe('the beginning of a timeline', () => {
  it('is at 10 s, whatever the source says the time is', () => {
    expect(new Publisher({ sourceMs: 123_456 }).video()).toBe(TIMELINE_START_MS)
  })

  it('is a keyframe: what comes before it is dropped', () => {
    const publisher = new Publisher()
    expect(publisher.video({ keyframe: false })).toBeNull()
    expect(publisher.audio()).toBeNull()
    expect(publisher.timeline.isAnchored).toBe(false)
    expect(publisher.video({ keyframe: true })).toBe(TIMELINE_START_MS)
  })

  it('shows the first frame at 10 s, so that one with B-frames decodes before', () => {
    const { timeline } = new Publisher()
    const placed = timeline.placeVideo({ dtsMs: 0, ptsMs: 80, keyframe: true }, WALL)
    expect(placed).toEqual({ dtsMs: TIMELINE_START_MS - 80, ptsMs: TIMELINE_START_MS })
  })

  it('is audio where the source has no video', () => {
    const publisher = new Publisher()
    expect(publisher.audio(true)).toBe(TIMELINE_START_MS)
  })

  it('maps media time 0 to ten seconds before the first keyframe came', () => {
    const { timeline } = new Publisher()
    expect(timeline.epochMs).toBeNull()
    timeline.placeVideo({ dtsMs: 0, ptsMs: 0, keyframe: true }, WALL)
    expect(timeline.epochMs).toBe(WALL - TIMELINE_START_MS)
  })
})

describe('one source on a timeline', () => {
  it('has one offset for audio and video', () => {
    const publisher = new Publisher({ sourceMs: 70_000, audioAfterMs: 13 })
    publisher.video()
    publisher.sourceMs = 70_400
    publisher.audioMs = 70_413
    expect((publisher.audio() ?? NaN) - (publisher.video({ keyframe: false }) ?? NaN)).toBe(13)
  })

  it('goes on over the wrap of the 32-bit clock, with audio late by a little', () => {
    const publisher = new Publisher({ sourceMs: WRAP - 1000, audioAfterMs: -100 })
    const { video, audio } = publisher.run(50)
    expect(steps(video).every((step) => step === FRAME_MS)).toBe(true)
    expect(steps(audio.slice(3)).every((step) => step === FRAME_MS)).toBe(true)
  })

  it('keeps a real pause as a pause: as much wall time has passed', () => {
    const publisher = new Publisher()
    const { video } = publisher.run(10)
    publisher.nowMs += 20_000
    publisher.jump(20_000)
    expect((publisher.video() ?? NaN) - (video.at(-1) ?? NaN)).toBe(20_000 + FRAME_MS)
    expect((publisher.audio() ?? NaN) - (video.at(-1) ?? NaN)).toBe(20_000 + FRAME_MS)
  })

  it('keeps a track that comes back late in its place', () => {
    const publisher = new Publisher()
    publisher.run(10)
    for (let n = 0; n < 500; n++) {
      publisher.video()
      publisher.nowMs += FRAME_MS
    }
    publisher.audioMs = publisher.sourceMs
    expect((publisher.video() ?? NaN) - (publisher.audio() ?? NaN)).toBe(0)
  })

  it('does not believe a composition time beyond any reordering', () => {
    const { timeline } = new Publisher()
    const placed = timeline.placeVideo({ dtsMs: 0, ptsMs: 8_000_000, keyframe: true }, WALL)
    expect((placed?.ptsMs ?? NaN) - (placed?.dtsMs ?? NaN)).toBe(MAX_COMPOSITION_MS)
  })

  it('never shows a frame before it is decoded', () => {
    const { timeline } = new Publisher()
    const placed = timeline.placeVideo({ dtsMs: 100, ptsMs: 0, keyframe: true }, WALL)
    expect(placed?.ptsMs).toBe(placed?.dtsMs)
  })
})

describe.each([-1_000_000, -2000, -600, JUMP_FORWARD_MS + 1, 3000, 1_000_000])(
  'a jump of the clock by %i ms',
  (jumpMs) => {
    it.each(['video', 'audio'] as const)(
      'goes on one frame later, the other track following, when %s jumps first',
      (first) => {
        const publisher = new Publisher({ sourceMs: 2_000_000 })
        const before = publisher.run(60)
        publisher.sourceMs += jumpMs
        if (first === 'audio') publisher.audioMs += jumpMs
        const video =
          first === 'video' ? [before.video.at(-1) ?? null, publisher.video()] : [before.video.at(-1) ?? null]
        const audio = [before.audio.at(-1) ?? null, publisher.audio()]
        if (first === 'video') publisher.audioMs += jumpMs
        else video.push(publisher.video())
        audio.push(publisher.audio())
        video.push(publisher.video())
        const after = publisher.run(60)
        for (const step of steps([...video, ...after.video]))
          expect(Math.abs(step - FRAME_MS)).toBeLessThanOrEqual(20)
        for (const step of steps([...audio, ...after.audio]))
          expect(Math.abs(step - FRAME_MS)).toBeLessThanOrEqual(42)
        expect(new Set(steps(after.video))).toEqual(new Set([FRAME_MS]))
        expect(new Set(steps(after.audio).map((step) => Math.round(step)))).toEqual(new Set([FRAME_MS]))
      },
    )

    it('leaves the tracks as far apart as the source has them', () => {
      const publisher = new Publisher({ sourceMs: 2_000_000, audioAfterMs: 7 })
      publisher.run(60)
      publisher.jump(jumpMs)
      const { video, audio } = publisher.run(60)
      expect((audio.at(-1) ?? NaN) - (video.at(-1) ?? NaN)).toBeCloseTo(7, 6)
    })
  },
)

it('keeps tracks together in a jump that only one of them finds large enough', () => {
  fc.assert(
    fc.property(fc.integer({ min: -140, max: 1600 }), fc.boolean(), (jumpMs, isAudioFirst) => {
      const publisher = new Publisher({ sourceMs: 2_000_000 })
      publisher.run(60)
      if (isAudioFirst) publisher.audio()
      else publisher.video()
      const skewMs = publisher.audioMs - publisher.sourceMs
      publisher.jump(jumpMs)
      const { video, audio } = publisher.run(150)
      const apart = (audio.at(-1) ?? NaN) - (video.at(-1) ?? NaN)
      expect(Math.abs(apart - skewMs)).toBeLessThanOrEqual(101)
    }),
  )
})

describe('a source that runs ahead', () => {
  it('is cut back to its next keyframe, which follows the last frame', () => {
    const publisher = new Publisher()
    const placed = Array.from({ length: 200 }, () => publisher.video())
    const kept = placed.filter((time) => time !== null)
    expect(kept.at(-1)).toBeLessThanOrEqual(TIMELINE_START_MS + AHEAD_LIMIT_MS)
    expect(kept.length).toBeLessThan(30)
    publisher.nowMs += 5000
    expect(publisher.video({ keyframe: false })).toBeNull()
    expect(publisher.audio()).toBeNull()
    const next = publisher.video({ keyframe: true }) ?? NaN
    expect(next - (kept.at(-1) ?? NaN)).toBeLessThanOrEqual(FRAME_MS)
    publisher.audioMs = publisher.sourceMs
    expect((publisher.audio() ?? NaN) - next).toBe(FRAME_MS)
  })

  it.each([1.03, 1.15])('at %d times the speed leaves out no more than what it is ahead by', (speed) => {
    const publisher = new Publisher()
    const drops: number[] = []
    for (let n = 0, run = 0; n < 5000; n++) {
      const placed = publisher.video()
      publisher.nowMs += FRAME_MS / speed
      if (placed !== null && run > 0) drops.push(run * FRAME_MS)
      run = placed === null ? run + 1 : 0
      const aheadMs = (placed ?? 0) - publisher.timeline.wallMs(publisher.nowMs)
      expect(aheadMs).toBeLessThan(AHEAD_LIMIT_MS)
    }
    expect(drops.length).toBeGreaterThan(3)
    // A GOP lasts 2 s: waiting for the limit would cost up to all of it.
    expect(Math.max(...drops)).toBeLessThanOrEqual(AHEAD_LIMIT_MS)
  })

  it('is cut no deeper when the network trembles', () => {
    const publisher = new Publisher()
    let [run, longest] = [0, 0]
    const startMs = publisher.nowMs
    for (let n = 0; n < 20_000; n++) {
      publisher.nowMs = startMs + (n * FRAME_MS) / 1.03 + ((n * 7919) % 120)
      const isLost = publisher.video() === null
      run = isLost ? run + 1 : 0
      longest = Math.max(longest, run)
    }
    expect(longest).toBeGreaterThan(0)
    expect(longest * FRAME_MS).toBeLessThan(AHEAD_LIMIT_MS + 200)
  })

  it('but gets no farther is left alone', () => {
    const publisher = new Publisher()
    publisher.run(10)
    publisher.nowMs -= 800
    expect(publisher.run(1000).video).not.toContain(null)
  })

  it('does not get ahead by many tags of one time', () => {
    const { timeline } = new Publisher()
    const placed = Array.from({ length: 5000 }, () =>
      timeline.placeVideo({ dtsMs: 0, ptsMs: 0, keyframe: true }, WALL),
    )
    expect(placed.filter((each) => each !== null).length).toBeLessThanOrEqual(AHEAD_LIMIT_MS + 1)
  })
})

describe('a new source', () => {
  it.each([24, 25, 30, 50, 60])('begins one frame after the last, on the grid of %i fps', (fps) => {
    const publisher = new Publisher()
    publisher.timeline.fps = fps
    const last = publisher.run(50).video.at(-1) ?? NaN
    publisher.timeline.release()
    const next = new Publisher({ timeline: publisher.timeline, nowMs: publisher.nowMs + 3000, sourceMs: 0 })
    const first = next.video() ?? NaN
    expect(first - last).toBeGreaterThan(0)
    expect(first - last).toBeLessThanOrEqual(1500 / fps)
    const slot = (first * fps) / 1000
    expect(Math.abs(slot - Math.round(slot)) * (1000 / fps)).toBeLessThanOrEqual(0.5)
  })

  it('has no memory of the clock of the one before', () => {
    const publisher = new Publisher({ sourceMs: WRAP - 500 })
    publisher.run(30)
    publisher.timeline.release()
    const next = new Publisher({
      timeline: publisher.timeline,
      nowMs: publisher.nowMs,
      sourceMs: 4_000_000_000,
      audioAfterMs: 5,
    })
    const { video, audio } = next.run(10)
    expect((audio.at(-1) ?? NaN) - (video.at(-1) ?? NaN)).toBe(5)
  })
})

/** Anything a publisher may send: a track, a step of its clock, a composition time, and what passes on ours. */
const tagArbitrary = fc.record({
  track: fc.constantFrom('video', 'audio'),
  stepMs: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 50 }) },
    { weight: 1, arbitrary: fc.integer({ min: -5000, max: 5000 }) },
    { weight: 1, arbitrary: fc.integer({ min: -(2 ** 31), max: 2 ** 31 }) },
  ),
  compositionMs: fc.oneof(fc.constant(0), fc.integer({ min: -(2 ** 23), max: 2 ** 23 })),
  passedMs: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 50 }) },
    fc.integer({ min: 0, max: 10_000 }),
  ),
  keyframe: fc.boolean(),
  isNewSource: fc.integer({ min: 0, max: 30 }).map((n) => n === 0),
})

it('never goes back and never gets ahead, whatever the tags say', () => {
  fc.assert(
    fc.property(fc.array(tagArbitrary, { maxLength: 300 }), (tags) => {
      const timeline = new Timeline()
      let [nowMs, sourceMs, lastDtsMs] = [WALL, 0, -Infinity]
      for (const tag of tags) {
        nowMs += tag.passedMs
        sourceMs = wrapped(sourceMs + tag.stepMs)
        if (tag.isNewSource) timeline.release()
        const limitMs = timeline.wallMs(nowMs) + AHEAD_LIMIT_MS
        if (tag.track === 'audio') {
          expect(timeline.placeAudio(sourceMs, nowMs, false) ?? 0).toBeLessThanOrEqual(limitMs)
          continue
        }
        const times = { dtsMs: sourceMs, ptsMs: sourceMs + tag.compositionMs, keyframe: tag.keyframe }
        const placed = timeline.placeVideo(times, nowMs)
        if (!placed) continue
        expect(placed.dtsMs).toBeGreaterThan(lastDtsMs)
        expect(placed.dtsMs).toBeLessThanOrEqual(limitMs)
        expect(placed.ptsMs).toBeGreaterThanOrEqual(placed.dtsMs)
        expect(placed.ptsMs - placed.dtsMs).toBeLessThanOrEqual(MAX_COMPOSITION_MS)
        lastDtsMs = placed.dtsMs
      }
    }),
  )
})

it('keeps audio and video of a steady source as far apart as they are, between any two jumps', () => {
  const shape = fc.record({
    skewMs: fc.integer({ min: -300, max: 300 }),
    jumps: fc.array(fc.integer({ min: -1e9, max: 1e9 }), { maxLength: 4 }),
  })
  fc.assert(
    fc.property(shape, ({ skewMs, jumps }) => {
      const publisher = new Publisher({ sourceMs: 2 ** 31, audioAfterMs: skewMs })
      publisher.run(60)
      for (const jumpMs of jumps) {
        publisher.jump(Math.abs(jumpMs) < 2000 ? 100_000 : jumpMs)
        publisher.run(60)
      }
      const { video, audio } = publisher.run(1)
      expect((audio[0] ?? NaN) - (video[0] ?? NaN)).toBeCloseTo(skewMs, 3)
    }),
    { numRuns: 200 },
  )
})

it('is one AAC frame on after a jump that audio makes first', () => {
  const publisher = new Publisher()
  const last = publisher.run(20).audio.at(-1) ?? NaN
  publisher.jump(50_000)
  expect((publisher.audio() ?? NaN) - last).toBeCloseTo(AUDIO_MS, 6)
})
