import { beforeEach, describe, expect, it } from 'vitest'
import { Track } from '../../media/track.ts'
import { partOf } from '../stream/memory-origin.ts'
import { TrackPipe, type PipeContext } from './track-pipe.ts'

const CONTEXT: PipeContext = { isPinned: false, isJoined: true, reserveMs: 9000 }

let track: Track
let following: boolean
let pipe: TrackPipe
let nowMs: number

beforeEach(() => {
  track = new Track({ name: '720p', maxSegments: 20 })
  following = true
  nowMs = 0
  const feed = { track, pause: () => void (following = false), resume: () => void (following = true) }
  pipe = new TrackPipe(feed, nowMs)
  for (let k = 80; k < 100; k++) track.note(...partOf('720p', k))
})

function bring(...numbers: number[]): void {
  for (const number of numbers) {
    const [header, bytes] = partOf('720p', number)
    pipe.note({ header, bytes })
    pipe.look(CONTEXT, nowMs)
  }
}

describe('TrackPipe', () => {
  it('holds HTTP back once the cascade has brought parts without a hole, in whatever order', () => {
    bring(102, 100)
    expect(following).toBe(true)
    bring(101)
    expect({ pipe: pipe.pipe, following }).toEqual({ pipe: 'cascade', following: false })
    expect(track.head).toEqual({ msn: 12, part: 6 })
  })

  it('does not count what HTTP brought between', () => {
    for (let k = 100; k < 110; k++) track.note(...partOf('720p', k))
    bring(100, 102, 104, 106, 108)
    expect(pipe.pipe).toBe('http')
  })

  it('goes back to HTTP when the track stands still, and needs a longer proof then', () => {
    bring(100, 101, 102)
    nowMs += 5000
    pipe.look(CONTEXT, nowMs)
    expect({ pipe: pipe.pipe, following }).toEqual({ pipe: 'http', following: true })
    bring(103, 104, 105)
    expect(pipe.pipe).toBe('http')
    bring(106, 107, 108)
    expect(pipe.pipe).toBe('cascade')
  })

  it('does not hold a publisher against the cascade', () => {
    bring(100, 101, 102)
    pipe.look({ ...CONTEXT, isPinned: true }, nowMs)
    expect(following).toBe(true)
    bring(103, 104, 105)
    expect(following).toBe(false)
  })

  it('tells what was new of what it was brought', () => {
    const [header, bytes] = partOf('720p', 99)
    expect(pipe.note({ header, bytes })).toBe(false)
    const [nextHeader, nextBytes] = partOf('720p', 100)
    expect(pipe.note({ header: nextHeader, bytes: nextBytes })).toBe(true)
  })
})
