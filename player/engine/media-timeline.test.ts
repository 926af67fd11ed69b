import { describe, expect, it } from 'vitest'
import { Track } from '../../media/track.ts'
import { partOf } from '../stream/memory-origin.ts'
import type { TrackFeed } from '../stream/track-feed.ts'
import { MediaTimeline } from './media-timeline.ts'

function timelineAt(currentTime: number): MediaTimeline {
  const track = new Track({ name: '720p', maxSegments: 20 })
  for (let k = 40; k < 60; k++) track.note(...partOf('720p', k))
  const find = (name: string): TrackFeed | undefined =>
    name === '720p' ? ({ track } as unknown as TrackFeed) : undefined
  const headerAt = (): ReturnType<typeof partOf>[0] => partOf('720p', 48)[0]
  const video = { currentTime } as HTMLVideoElement
  return new MediaTimeline({ video, stream: { find, headerAt } })
}

describe('MediaTimeline', () => {
  it('knows nothing before the element’s time is tied to the program’s', () => {
    const timeline = timelineAt(2)
    expect(timeline.mediaTimeS).toBeNull()
    expect(timeline.distanceS('720p')).toBeNull()
    expect(timeline.captureTimeMs('720p')).toBeNull()
  })

  it('counts the distance to the newest local media, and at most a part of what is on its way', () => {
    const timeline = timelineAt(2)
    timeline.offsetS = 10
    // parts 40 to 59 reach from 10 s to 15 s
    expect(timeline.distanceS('720p')).toBeGreaterThanOrEqual(3)
    expect(timeline.distanceS('720p')).toBeLessThanOrEqual(3.25)
    expect(timeline.distanceS('400p')).toBeNull()
  })

  it('takes the capture time from the shown part’s header, and counts on from its start', () => {
    const timeline = timelineAt(2.1)
    timeline.offsetS = 10
    expect(timeline.captureTimeMs('720p')).toBeCloseTo(partOf('720p', 48)[0].captureTimeMs + 100, 3)
  })
})
