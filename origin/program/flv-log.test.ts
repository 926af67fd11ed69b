import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { videoHeaderTag, videoTag } from '../../tests/support/flv-tags.ts'
import { isKeyframe, isSequenceHeader, type FlvTag } from '../../media/flv-tag.ts'
import { aacFrame, FlvLog } from './flv-log.ts'
import { frameAt, frameTimeMs, SILENT_FRAME } from './audio-track.ts'

function record(): { log: FlvLog; out: FlvTag[] } {
  const log = new FlvLog()
  const out: FlvTag[] = []
  log.follow((tag) => out.push(tag))
  return { log, out }
}

function play(log: FlvLog, fromMs: number, toMs: number): void {
  let frame = frameAt(fromMs)
  for (let ms = fromMs; ms < toMs; ms += 40) {
    log.video(videoTag(ms, { keyframe: ms % 2000 === 0 }))
    while (frameTimeMs(frame) < ms) log.audio(aacFrame(frame++, SILENT_FRAME))
  }
}

describe('the merged FLV', () => {
  it('puts audio before the video that lies behind it', () => {
    const { log, out } = record()
    log.video(videoTag(10_000, { keyframe: true }))
    log.video(videoTag(10_040))
    expect(out).toEqual([])
    log.audio(aacFrame(frameAt(10_010), SILENT_FRAME))
    expect(out.map(({ type }) => type)).toEqual(['video', 'audio'])
  })

  it('holds video for missing audio no longer than a second', () => {
    const { log, out } = record()
    for (let ms = 10_000; ms <= 15_000; ms += 40) log.video(videoTag(ms, { keyframe: ms === 10_000 }))
    expect(15_000 - (out.at(-1)?.timestampMs ?? 0)).toBeLessThanOrEqual(1040)
  })

  it('never goes back in time, whatever comes when', () => {
    const step = fc.record({ isVideo: fc.boolean(), stepMs: fc.integer({ min: 0, max: 3000 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { log, out } = record()
        let [videoMs, frame] = [10_000, frameAt(10_000)]
        for (const { isVideo, stepMs } of steps) {
          if (isVideo) log.video(videoTag((videoMs += stepMs), { keyframe: stepMs < 100 }))
          else log.audio(aacFrame((frame += 1 + (stepMs % 5)), SILENT_FRAME))
        }
        expect(
          out.every((tag, index) => index === 0 || tag.timestampMs >= (out[index - 1]?.timestampMs ?? 0)),
        ).toBe(true)
      }),
    )
  })
})

describe('the beginning of a newcomer', () => {
  it('is metadata at 0, both configurations, and everything since the last keyframe', () => {
    const { log } = record()
    log.video(videoHeaderTag(10_000))
    play(log, 10_000, 15_000)
    const [script, video, audio, ...frames] = log.beginning()
    expect(script).toMatchObject({ type: 'script', timestampMs: 0 })
    expect(video && isSequenceHeader(video) && video.timestampMs).toBe(14_000)
    expect(audio && isSequenceHeader(audio) && audio.type).toBe('audio')
    expect(frames[0] && isKeyframe(frames[0])).toBe(true)
    expect(frames.filter(isKeyframe).length).toBe(1)
  })

  it('has no frames of before another configuration', () => {
    const { log } = record()
    log.video(videoHeaderTag(10_000, 0x1f))
    play(log, 10_000, 11_000)
    log.video(videoHeaderTag(11_000, 0x28))
    log.audio(aacFrame(frameAt(11_001), SILENT_FRAME))
    expect(log.beginning().filter((tag) => tag.type === 'video' && !isSequenceHeader(tag))).toEqual([])
    expect(log.beginning().find((tag) => tag.type === 'video')?.data[8]).toBe(0x28)
  })

  it('keeps its GOP over the same configuration said again', () => {
    const { log } = record()
    log.video(videoHeaderTag(10_000))
    play(log, 10_000, 11_000)
    log.video(videoHeaderTag(10_960))
    log.audio(aacFrame(frameAt(11_001), SILENT_FRAME))
    expect(log.beginning().some(isKeyframe)).toBe(true)
  })

  it('is bounded for audio alone, and for a GOP that never ends', () => {
    const audioOnly = new FlvLog()
    for (let n = 0; n < 5000; n++) audioOnly.audio(aacFrame(500 + n, SILENT_FRAME))
    expect(audioOnly.beginning().length).toBeLessThan(100)
    const endless = new FlvLog()
    endless.video(videoHeaderTag(0))
    for (let ms = 0; ms < 30_000; ms++) endless.video(videoTag(ms, { keyframe: ms === 0, bytes: 1 }))
    expect(endless.beginning().length).toBeLessThan(20_100)
  })

  it('begins at a keyframe farther back when asked to, twelve seconds at most', () => {
    const { log } = record()
    log.video(videoHeaderTag(10_000))
    play(log, 10_000, 40_000)
    const startOf = (behindMs: number): number | undefined =>
      log.beginning(behindMs).find(isKeyframe)?.timestampMs
    expect(startOf(0)).toBe(38_000)
    expect(startOf(9000)).toBe(30_000)
    expect(startOf(60_000)).toBe(26_000)
  })
})
