import { describe, expect, it } from 'vitest'
import { audioHeaderTag, audioTag, metadataTag, videoTag } from '../../tests/support/flv-tags.ts'
import { SourceMeter } from './source-meter.ts'

interface Shape {
  fps?: number
  seconds?: number
  keyframeEvery?: number
  compositionMs?: number
  bytes?: number
  /** Of its clock against the wall. */
  speed?: number
}

/** A meter that has watched a steady source. */
function meterOf(shape: Shape = {}): SourceMeter {
  const { fps = 30, seconds = 6, keyframeEvery = 60, compositionMs = 0, bytes = 100, speed = 1 } = shape
  const meter = new SourceMeter()
  for (let n = 0; n < fps * seconds; n++) {
    const atMs = Math.round((n * 1000) / fps)
    meter.observe(videoTag(atMs, { keyframe: n % keyframeEvery === 0, compositionMs, bytes }), atMs / speed)
  }
  return meter
}

function warningsOf(meter: SourceMeter): string[] {
  return meter.facts().warnings.map(({ code }) => code)
}

describe('rates', () => {
  it.each([15, 24, 25, 30000 / 1001, 30, 50, 60])('measures %d frames per second', (fps) => {
    expect(meterOf({ fps }).facts().fps).toBeCloseTo(fps, 0)
  })

  it('measures the bitrate over the last seconds', () => {
    expect(meterOf({ fps: 25, bytes: 10_000 - 5 }).bitrateKbps()).toBeGreaterThan(1900)
    expect(meterOf({ fps: 25, bytes: 10_000 - 5 }).bitrateKbps()).toBeLessThan(2100)
  })

  it('measures the bitrate of however many tags', () => {
    const meter = new SourceMeter()
    for (let n = 0; n < 100_000; n++) meter.observe(audioTag(n, 1), n / 50)
    expect(meter.bitrateKbps()).toBeGreaterThan(1150)
    expect(meter.bitrateKbps()).toBeLessThan(1250)
  })

  it('forgets a bitrate when the clock is set back', () => {
    const meter = meterOf({ fps: 25, bytes: 10_000 })
    meter.observe(audioTag(0, 1), -3_600_000)
    expect([meter.bitrateKbps(), meter.loadKbps()]).toEqual([null, 0])
  })

  it('has no bitrate before there is half a second', () => {
    expect(meterOf({ seconds: 0.2 }).bitrateKbps()).toBeNull()
  })

  it('prefers the announced rate for the plan, and the measured one for the page', () => {
    const meter = meterOf({ fps: 30 })
    meter.observe(metadataTag({ framerate: 60, videocodecid: 7 }), 6000)
    expect(meter.frameRate).toBe(60)
    expect(meter.facts().fps).toBeCloseTo(30, 0)
  })

  it('knows the keyframe interval', () => {
    expect(meterOf({ keyframeEvery: 60 }).facts().keyframeIntervalMs).toBe(2000)
  })
})

describe('announcements', () => {
  it('are unknown before there is metadata or a tag', () => {
    const meter = new SourceMeter()
    expect([meter.announcesVideo, meter.announcesAudio]).toEqual([undefined, undefined])
    meter.observe(metadataTag({ encoder: 'x' }), 0)
    expect([meter.announcesVideo, meter.announcesAudio]).toEqual([undefined, undefined])
  })

  it('say which medium is missing', () => {
    const audioOnly = new SourceMeter()
    audioOnly.observe(metadataTag({ audiocodecid: 10 }), 0)
    expect([audioOnly.announcesVideo, audioOnly.announcesAudio]).toEqual([false, true])
    const videoOnly = new SourceMeter()
    videoOnly.observe(metadataTag({ videocodecid: 7, width: 640 }), 0)
    expect([videoOnly.announcesVideo, videoOnly.announcesAudio]).toEqual([true, false])
  })

  it('are believed less than tags', () => {
    const meter = new SourceMeter()
    meter.observe(metadataTag({ audiocodecid: 10 }), 0)
    meter.observe(videoTag(0, { keyframe: true }), 0)
    expect(meter.announcesVideo).toBe(true)
  })

  it('may be of any kind and size: text is cut, what is no number is not one', () => {
    const meter = new SourceMeter()
    meter.observe(metadataTag({ width: 'wide', height: -4, framerate: NaN, encoder: 'e'.repeat(5000) }), 0)
    const { width, height, fps, encoder } = meter.facts()
    expect([width, height, fps, encoder?.length]).toEqual([null, null, null, 100])
  })
})

describe('warnings', () => {
  it('are none for a good source', () => {
    const meter = meterOf()
    meter.observe(audioHeaderTag(), 6000)
    expect(warningsOf(meter)).toEqual([])
  })

  it('name a keyframe interval over 4 s, also before the second keyframe has come', () => {
    expect(warningsOf(meterOf({ keyframeEvery: 150, seconds: 12 }))).toContain('keyframe_interval_long')
    expect(warningsOf(meterOf({ keyframeEvery: 10_000 }))).toContain('keyframe_interval_long')
    expect(warningsOf(meterOf({ keyframeEvery: 120, seconds: 12 }))).not.toContain('keyframe_interval_long')
  })

  it('name B-frames', () => {
    expect(warningsOf(meterOf({ compositionMs: 67 }))).toEqual(['b_frames'])
  })

  it('name a variable frame rate, but not the millisecond rounding of FLV', () => {
    const meter = new SourceMeter()
    for (let n = 0, atMs = 0; n < 200; n++, atMs += n % 4 === 0 ? 67 : 33)
      meter.observe(videoTag(atMs, { keyframe: n % 60 === 0 }), atMs)
    expect(warningsOf(meter)).toContain('frame_rate_variable')
    expect(warningsOf(meterOf({ fps: 24000 / 1001 }))).toEqual([])
    expect(warningsOf(meterOf({ fps: 60 }))).toEqual([])
  })

  it('name audio that is not 48 kHz', () => {
    const meter = meterOf()
    meter.observe(audioHeaderTag([0x12, 0x08]), 6000)
    meter.observe(audioTag(6000), 6000)
    expect(meter.facts()).toMatchObject({ audioCodec: 'aac', audioSampleRate: 44_100, audioChannels: 1 })
    expect(warningsOf(meter)).toEqual(['audio_not_48khz'])
  })

  it('name audio that has been silent for a while, until it is not', () => {
    const meter = meterOf()
    const hear = (frames: number, bytes: number): void => {
      for (let n = 0; n < frames; n++) meter.observe(audioTag(6000 + n * 21, bytes), 6000 + n * 21)
    }
    hear(450, 7)
    expect(warningsOf(meter)).toEqual([])
    hear(50, 7)
    expect(warningsOf(meter)).toEqual(['audio_silent'])
    hear(1, 200)
    expect(warningsOf(meter)).toEqual([])
  })

  it('name a clock that is not the wall’s, and by how much', () => {
    expect(meterOf({ speed: 1.03, seconds: 60 }).facts().warnings).toMatchObject([
      { code: 'clock_fast', message: expect.stringContaining('3.0 %') },
    ])
    expect(meterOf({ speed: 0.97, seconds: 60 }).facts().warnings).toMatchObject([
      { code: 'clock_slow', message: expect.stringContaining('3.0 %') },
    ])
    expect(warningsOf(meterOf({ speed: 1.002, seconds: 60 }))).toEqual([])
  })

  it('judge the clock by audio where there is no video', () => {
    const meter = new SourceMeter()
    for (let atMs = 0; atMs < 60_000; atMs += 20) meter.observe(audioTag(atMs), atMs * 1.05)
    expect(warningsOf(meter)).toContain('clock_slow')
  })
})
