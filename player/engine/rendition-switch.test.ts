import { describe, expect, it } from 'vitest'
import { Track } from '../../media/track.ts'
import { partOf } from '../stream/memory-origin.ts'
import type { TrackFeed } from '../stream/track-feed.ts'
import { RenditionSwitch } from './rendition-switch.ts'

interface Trial {
  change: RenditionSwitch
  applied: string[]
  resting: string[]
  tracks: Record<string, Track>
}

/** Both tracks hold the parts up to running number `upTo`. */
function trial(upTo: { '720p': number; '400p': number }, aheadS = 9): Trial {
  const applied: string[] = []
  const resting: string[] = []
  const tracks: Record<string, Track> = {}
  for (const [name, end] of Object.entries(upTo)) {
    const track = new Track({ name, maxSegments: 20 })
    for (let k = 40; k <= end; k++) track.note(...partOf(name, k))
    tracks[name] = track
  }
  const feed = (name: string): TrackFeed => ({ track: tracks[name] }) as unknown as TrackFeed
  const nudge = (): void => undefined
  const stream = {
    nudge,
    find: feed,
    activate: async (name: string) => feed(name),
    rest: (name: string) => void resting.push(name),
  }
  const apply = (name: string): void => void applied.push(name)
  const change = new RenditionSwitch('720p', { stream, apply, bufferedAheadS: () => aheadS })
  return { change, applied, resting, tracks }
}

describe('RenditionSwitch', () => {
  it('changes when the last part of a segment is buffered, not before', async () => {
    const { change, applied } = trial({ '720p': 90, '400p': 90 })
    await change.request('400p')
    change.onBuffered({ msn: 10, part: 6 })
    expect(applied).toEqual([])
    change.onBuffered({ msn: 10, part: 7 })
    expect(applied).toEqual(['400p'])
    expect(change.loading).toBe('400p')
  })

  it('waits until the new track covers that segment', async () => {
    const { change, applied, tracks } = trial({ '720p': 90, '400p': 75 })
    await change.request('400p')
    change.onBuffered({ msn: 10, part: 7 })
    expect(applied).toEqual([])
    for (let k = 76; k <= 100; k++) tracks['400p']?.note(...partOf('400p', k))
    change.onBuffered({ msn: 11, part: 7 })
    expect(applied).toEqual([])
    for (let k = 91; k <= 100; k++) tracks['720p']?.note(...partOf('720p', k))
    change.onBuffered({ msn: 11, part: 7 })
    expect(applied).toEqual(['400p'])
  })

  it('changes after any whole segment', async () => {
    const { change, applied } = trial({ '720p': 90, '400p': 90 })
    await change.request('400p')
    change.onBuffered({ msn: 9, part: null })
    expect(applied).toEqual(['400p'])
  })

  it('does not wait where it is urgent and enough is buffered, and lets the old track go first', async () => {
    const { change, applied, resting } = trial({ '720p': 90, '400p': 90 })
    await change.request('400p', true)
    expect(applied).toEqual(['400p'])
    expect(resting[0]).toBe('720p')
  })

  it('waits for the segment’s end even when urgent while too little is buffered', async () => {
    const { change, applied } = trial({ '720p': 90, '400p': 90 }, 1)
    await change.request('400p', true)
    expect(applied).toEqual([])
  })

  it('takes a wish back', async () => {
    const { change, applied } = trial({ '720p': 90, '400p': 90 })
    await change.request('400p')
    await change.request('720p')
    change.onBuffered({ msn: 10, part: 7 })
    expect(applied).toEqual([])
    expect(change.wanted).toBe('720p')
  })
})
