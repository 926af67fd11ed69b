import { describe, expect, it } from 'vitest'
import { videoHeaderTag, videoTag } from '../../tests/support/flv-tags.ts'
import { isSequenceHeader, type FlvTag } from '../../media/flv-tag.ts'
import { VideoLog } from './video-log.ts'

const MEGABYTE = 1024 * 1024

/** A log with a keyframe every 2 s at 10 frames a second. */
function fill(log: VideoLog, fromMs: number, toMs: number, bytes = 100): void {
  for (let ms = fromMs; ms < toMs; ms += 100) {
    const keyframe = ms % 2000 === 0
    log.push({ tag: videoTag(ms, { keyframe, bytes }), ptsMs: ms, keyframe })
  }
}

function frameTimes(tags: readonly FlvTag[]): number[] {
  return tags.filter((tag) => !isSequenceHeader(tag)).map((tag) => tag.timestampMs)
}

describe('the video log', () => {
  it('gives everything from the last keyframe shown at or before a time', () => {
    const log = new VideoLog()
    fill(log, 10_000, 16_000)
    expect(frameTimes(log.since(13_999))[0]).toBe(12_000)
    expect(frameTimes(log.since(14_000))[0]).toBe(14_000)
    expect(frameTimes(log.since(14_000)).at(-1)).toBe(15_900)
  })

  it('gives the oldest it has for a time before that', () => {
    const log = new VideoLog()
    fill(log, 10_000, 16_000)
    expect(frameTimes(log.since(1000))[0]).toBe(10_000)
  })

  it('is empty without a keyframe', () => {
    const log = new VideoLog()
    log.push({ tag: videoTag(10_100), ptsMs: 10_100, keyframe: false })
    expect(log.since(20_000)).toEqual([])
  })

  it('keeps the last seconds in whole GOPs, however long it runs', () => {
    const log = new VideoLog()
    fill(log, 10_000, 200_000)
    const [first = 0] = frameTimes(log.since(0))
    expect(first % 2000).toBe(0)
    expect(200_000 - first).toBeGreaterThan(12_000)
    expect(200_000 - first).toBeLessThan(15_000)
  })

  it('keeps bytes within a bound: whole GOPs go, and a GOP that alone is too large is not kept', () => {
    const log = new VideoLog()
    fill(log, 10_000, 16_000, 2 * MEGABYTE)
    const kept = log.since(0).reduce((sum, tag) => sum + tag.data.length, 0)
    expect(kept).toBeLessThanOrEqual(64 * MEGABYTE)
    const endless = new VideoLog()
    for (let ms = 1; ms < 5000; ms += 50)
      endless.push({ tag: videoTag(ms, { bytes: MEGABYTE }), ptsMs: ms, keyframe: ms === 1 })
    expect(endless.since(0).reduce((sum, tag) => sum + tag.data.length, 0)).toBeLessThanOrEqual(64 * MEGABYTE)
  })

  it('puts the codec configuration in force before the frames it is for', () => {
    const log = new VideoLog()
    log.configure(videoHeaderTag(10_000, 0x1f))
    fill(log, 10_000, 12_000)
    log.configure(videoHeaderTag(11_900, 0x28))
    fill(log, 12_000, 13_000)
    const tags = log.since(11_000)
    const levels = tags.flatMap((tag, index) =>
      isSequenceHeader(tag) ? [[index, tag.data[8], tag.timestampMs]] : [],
    )
    expect(levels).toEqual([
      [0, 0x1f, 10_000],
      [21, 0x28, 12_000],
    ])
    expect(isSequenceHeader(log.since(12_500)[0] ?? videoTag(0))).toBe(true)
  })

  it('tells who follows, until they stop', () => {
    const log = new VideoLog()
    const seen: number[] = []
    const stop = log.follow((tag) => seen.push(tag.timestampMs))
    log.configure(videoHeaderTag(9))
    fill(log, 10_000, 10_200)
    stop()
    fill(log, 10_200, 10_400)
    expect(seen).toEqual([9, 10_000, 10_100])
  })
})
