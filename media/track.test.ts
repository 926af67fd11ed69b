import { describe, expect, it } from 'vitest'
import type { PartId } from './part.ts'
import { syntheticHeader, syntheticVideo } from './synthetic-stream.ts'
import { Track, TrackClosed } from './track.ts'

const VIDEO = syntheticVideo(30)
const BYTES = Uint8Array.of(1)

function trackOf(parts: Iterable<number>, maxSegments = 30): Track {
  const track = new Track({ name: '720p', maxSegments })
  for (const k of parts) track.note(syntheticHeader(VIDEO, k), BYTES)
  return track
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

function ended(k: number): ReturnType<typeof syntheticHeader> {
  return { ...syntheticHeader(VIDEO, k), lastOfSegment: true }
}

describe('head', () => {
  it('is the last part up to which none is missing', () => {
    const track = trackOf([40, 41, 43])
    expect(track.head).toEqual({ msn: 5, part: 1 })
    track.note(syntheticHeader(VIDEO, 42), null)
    expect(track.head).toEqual({ msn: 5, part: 3 })
  })

  it('goes on to the next segment where a part says it is the last', () => {
    const track = trackOf([40, 41])
    track.note(ended(42), BYTES)
    expect(track.next).toEqual({ msn: 6, part: 0 })
    track.note(syntheticHeader(VIDEO, 48), BYTES)
    expect(track.head).toEqual({ msn: 6, part: 0 })
    expect(track.segments()[0]).toMatchObject({ msn: 5, done: true, durationSec: expect.closeTo(23 / 30, 9) })
  })

  it('counts from the first part noted, and takes earlier ones into the window', () => {
    const track = trackOf([44, 45])
    expect(track.head).toEqual({ msn: 5, part: 5 })
    expect(track.segments()).toEqual([])
    for (const k of range(40, 44)) track.note(syntheticHeader(VIDEO, k), null)
    expect(track.segments()[0]?.parts.map(({ hasBytes }) => hasBytes)).toEqual([
      false,
      false,
      false,
      false,
      true,
      true,
    ])
  })

  it('starts anew at the oldest part there is when a hole is older than the window', () => {
    const track = trackOf([40, 41, ...range(48, 72)], 3)
    expect(track.head).toEqual({ msn: 8, part: 7 })
    expect(track.firstMsn).toBe(6)
  })

  it('passes over segments known only as a whole', () => {
    const track = trackOf([40, 41])
    for (const msn of [5, 6, 7]) track.noteSegment(msn, msn * 2, 2)
    expect(track.next).toEqual({ msn: 8, part: 0 })
    track.note(syntheticHeader(VIDEO, 64), null)
    expect(track.head).toEqual({ msn: 8, part: 0 })
    expect(track.segments().map(({ msn, done, parts }) => [msn, done, parts.length])).toEqual([
      [5, true, 0],
      [6, true, 0],
      [7, true, 0],
      [8, false, 1],
    ])
  })
})

describe('what is noted', () => {
  it('is refused when nothing is new', () => {
    const track = trackOf([40])
    expect(track.note(syntheticHeader(VIDEO, 40), null)).toBe(false)
    expect(track.note(syntheticHeader(VIDEO, 40), BYTES)).toBe(false)
  })

  it('completes a header with its bytes once', () => {
    const track = new Track({ name: '720p', maxSegments: 3 })
    expect(track.note(syntheticHeader(VIDEO, 40), null)).toBe(true)
    expect(track.find(5, 0)?.bytes).toBeNull()
    expect(track.note(syntheticHeader(VIDEO, 40), BYTES)).toBe(true)
    expect(track.find(5, 0)?.bytes).toBe(BYTES)
  })

  it('may say later that a part was the last of its segment', () => {
    const track = trackOf([40, 41, 48])
    expect(track.note({ ...syntheticHeader(VIDEO, 41), lastOfSegment: true }, null)).toBe(true)
    expect(track.find(5, 1)?.bytes).toBe(BYTES)
    expect(track.head).toEqual({ msn: 6, part: 0 })
  })

  it.each([-1, 8, 1.5, NaN])('is refused with part index %s', (part) => {
    expect(trackOf([40]).note({ ...syntheticHeader(VIDEO, 41), part }, BYTES)).toBe(false)
  })

  it('is refused behind the end of its segment, and so is an end before a known part', () => {
    const track = trackOf([40, 41, 42])
    expect(track.note({ ...syntheticHeader(VIDEO, 41), lastOfSegment: true }, null)).toBe(false)
    track.note(ended(43), BYTES)
    expect(track.note(syntheticHeader(VIDEO, 44), BYTES)).toBe(false)
  })

  it('keeps no more than maxSegments segments', () => {
    const track = trackOf(range(40, 40 + 8 * 5), 3)
    expect(track.segments().map(({ msn }) => msn)).toEqual([7, 8, 9])
    expect(track.findSegment(6)).toBeUndefined()
    expect(track.note(syntheticHeader(VIDEO, 40), BYTES)).toBe(false)
    expect(track.noteSegment(6, 12, 2)).toBe(false)
  })

  it('forgets what is dropped, for good', () => {
    const track = trackOf(range(40, 60))
    track.dropBefore(6)
    expect(track.firstMsn).toBe(6)
    expect(track.note(syntheticHeader(VIDEO, 40), BYTES)).toBe(false)
  })
})

describe('segments', () => {
  it('are done when part 0 of the next is known', () => {
    const track = trackOf(range(40, 48))
    expect(track.segments()[0]).toMatchObject({ msn: 5, startSec: 10, done: false })
    track.note(syntheticHeader(VIDEO, 48), BYTES)
    expect(track.segments()[0]).toMatchObject({ msn: 5, done: true })
    expect(track.segments()[0]?.durationSec).toBeCloseTo(2, 10)
    expect(track.findSegment(5)).toMatchObject({ done: true, parts: { length: 8 } })
  })

  it('are done at the end, however short', () => {
    const track = trackOf(range(40, 51))
    track.end()
    expect(track.segments().map(({ done, parts }) => [done, parts.length])).toEqual([
      [true, 8],
      [true, 3],
    ])
  })

  it('begin with those known from EXTINF alone', () => {
    const track = new Track({ name: '720p', maxSegments: 30 })
    for (const msn of [3, 4]) track.noteSegment(msn, msn * 2, 2)
    expect(track.segments().map(({ msn }) => msn)).toEqual([3])
    track.note(syntheticHeader(VIDEO, 40), null)
    expect(track.segments().map(({ msn, done }) => [msn, done])).toEqual([
      [3, true],
      [4, true],
      [5, false],
    ])
  })

  it('stop before a hole', () => {
    const track = trackOf(range(48, 60))
    track.noteSegment(3, 6, 2)
    expect(track.firstMsn).toBe(6)
  })

  it('are the same array until something changes', () => {
    const track = trackOf(range(40, 44))
    const before = track.segments()
    expect(track.segments()).toBe(before)
    track.note(syntheticHeader(VIDEO, 44), BYTES)
    expect(track.segments()).not.toBe(before)
  })
})

describe('holes', () => {
  it('are the parts missing before the newest known one', () => {
    const ids: PartId[] = [
      { msn: 5, part: 1 },
      { msn: 5, part: 2 },
    ]
    expect(trackOf([40, 43, 44]).holes()).toEqual(ids)
    expect(trackOf(range(40, 44)).holes()).toEqual([])
  })

  it('include parts up to the end of a segment, and of segments never seen', () => {
    const holes = trackOf([...range(40, 46), 64]).holes()
    expect(holes.length).toBe(2 + 8 + 8)
    expect(holes.at(-1)).toEqual({ msn: 7, part: 7 })
    expect(trackOf([40, 4000]).holes(5)).toHaveLength(0)
    expect(trackOf([40, 200]).holes(5)).toHaveLength(5)
  })
})

describe('waiting', () => {
  it('ends when the part is reached', async () => {
    const track = trackOf([40])
    const reached = track.whenReached(5, 2)
    track.note(syntheticHeader(VIDEO, 42), BYTES)
    expect(track.waiting).toBe(1)
    track.note(syntheticHeader(VIDEO, 41), BYTES)
    await reached
    expect(track.waiting).toBe(0)
  })

  it('takes an index past the end of a segment for part 0 of the next', async () => {
    const track = trackOf([40, 41])
    const reached = track.whenReached(5, 6)
    track.note(ended(42), BYTES)
    expect(track.waiting).toBe(1)
    track.note(syntheticHeader(VIDEO, 48), BYTES)
    await reached
    expect(track.reaches(5, 99)).toBe(true)
  })

  it('for a list ends with the first finished segment', async () => {
    const track = new Track({ name: '720p', maxSegments: 3 })
    let isListed = false
    const listed = track.whenListed().then(() => (isListed = true))
    for (const k of range(44, 56)) {
      track.note(syntheticHeader(VIDEO, k), null)
      await new Promise(setImmediate)
    }
    // Segment 5 was joined in its middle: it is never listed.
    expect(isListed).toBe(false)
    track.note(syntheticHeader(VIDEO, 56), null)
    await listed
  })

  it('can be given up, and leaves no listener', async () => {
    const track = trackOf([40])
    const controller = new AbortController()
    const reached = track.whenReached(5, 1, controller.signal)
    controller.abort(new Error('gone'))
    await expect(reached).rejects.toThrow('gone')
    expect(track.waiting).toBe(0)
    await expect(track.whenReached(5, 1, controller.signal)).rejects.toThrow('gone')
  })

  it('is bounded', async () => {
    const track = new Track({ name: '720p', maxSegments: 3, maxWaiters: 2 })
    const waits = [track.whenReached(5, 0), track.whenReached(5, 0)]
    await expect(track.whenReached(5, 0)).rejects.toMatchObject({ name: 'TrackClosed', reason: 'crowded' })
    track.note(syntheticHeader(VIDEO, 40), BYTES)
    await Promise.all(waits)
  })

  it('ends well at the end of the track', async () => {
    const track = trackOf([40])
    const reached = track.whenReached(7, 0)
    track.end()
    await reached
    await track.whenReached(100, 0)
  })

  it('fails when the track is closed', async () => {
    const track = trackOf([40])
    const reached = track.whenReached(7, 0)
    track.close('program gone')
    await expect(reached).rejects.toBeInstanceOf(TrackClosed)
    await expect(track.whenReached(5, 0)).rejects.toMatchObject({ reason: 'closed' })
    expect(track.note(syntheticHeader(VIDEO, 41), BYTES)).toBe(false)
    expect(track.segments()).toEqual([])
  })
})

it('tells each advance once, and the end', () => {
  const track = trackOf([40])
  const heads: PartId[] = []
  const stop = track.onAdvance((head) => heads.push(head))
  track.note(syntheticHeader(VIDEO, 42), BYTES)
  track.note(syntheticHeader(VIDEO, 41), BYTES)
  track.end()
  stop()
  track.note(syntheticHeader(VIDEO, 43), BYTES)
  expect(heads).toEqual([
    { msn: 5, part: 2 },
    { msn: 5, part: 2 },
  ])
})

describe('a gap before the first segment', () => {
  it('is listed as soon as the first part is there, and stays', async () => {
    const track = new Track({ name: '720p', maxSegments: 30 })
    track.noteGap(4, 10 - 1 / 30, 1 / 30)
    expect(track.segments()).toEqual([])
    const listed = track.whenListed()
    track.note(syntheticHeader(VIDEO, 40), BYTES)
    await listed
    expect(track.head).toEqual({ msn: 5, part: 0 })
    expect(track.segments()).toMatchObject([
      { msn: 4, done: true, gap: true, parts: [{ part: 0, hasBytes: false, gap: true }] },
      { msn: 5, done: false },
    ])
  })
})
