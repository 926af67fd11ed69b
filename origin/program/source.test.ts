import { afterEach, describe, expect, it } from 'vitest'
import { audioTag, metadataTag, videoHeaderTag, videoTag } from '../../tests/support/flv-tags.ts'
import { captureLog } from '../../tests/support/log-lines.ts'
import { concatBytes } from '../../media/bytes.ts'
import type { FlvTag } from '../../media/flv-tag.ts'
import type { Notice } from './live-rooms.ts'
import { frameAt } from './audio-track.ts'
import { Source, TOO_FAST_FOR_MS } from './source.ts'
import { Timeline, TIMELINE_START_MS } from './timeline.ts'

const LIMITS = { maxBitrateKbps: 20_000, firstKeyframeTimeoutMs: 10_000, audioBitrateKbps: 128 }

class Stage {
  nowMs = 1_700_000_000_000
  readonly headers: FlvTag[] = []
  readonly frames: { tag: FlvTag; ptsMs: number }[] = []
  readonly refusals: Notice[] = []
  isAudioOnly = false
  expectsAudio: boolean | null = null
  readonly source: Source = new Source({
    kind: 'obs',
    timeline: new Timeline(),
    limits: LIMITS,
    logger: captureLog().logger,
    now: () => this.nowMs,
    sink: {
      videoHeader: (tag) => this.headers.push(tag),
      video: (tag, ptsMs) => this.frames.push({ tag, ptsMs }),
      audioFrame: () => {},
      audioExpected: (isExpected) => (this.expectsAudio = isExpected),
      audioOnly: () => (this.isAudioOnly = true),
      audioNext: frameAt(TIMELINE_START_MS),
    },
    heard: (source) => {
      if (!source.isFeeding && source.contender(true).isReady) source.join()
    },
    refused: (_, reason) => this.refusals.push(reason),
  })

  /** Frames in real time. */
  send(seconds: number, bytes: number, firstKeyframe = true): void {
    for (let n = 0; n < seconds * 25; n++) {
      this.source.receive(videoTag(this.nowMs % 1e6, { keyframe: firstKeyframe && n % 50 === 0, bytes }))
      this.nowMs += 40
    }
  }

  get refusal(): string | undefined {
    return this.refusals[0]?.code
  }
}

const stages: Stage[] = []

function createStage(): Stage {
  const stage = new Stage()
  stages.push(stage)
  return stage
}

afterEach(() => {
  for (const { source } of stages.splice(0)) source.close()
})

function enhanced(fourCC: string, packetType: number, body: readonly number[] = []): FlvTag {
  const name = new TextEncoder().encode(fourCC)
  return {
    type: 'video',
    timestampMs: 0,
    data: concatBytes([Uint8Array.of(0x90 | packetType), name, Uint8Array.from(body)]),
  }
}

describe('a source is refused', () => {
  it.each([
    ['hvc1', 'hevc'],
    ['av01', 'av1'],
    ['vp09', 'vp9'],
  ])('for video in %s, by name', (fourCC, codec) => {
    const stage = createStage()
    stage.source.receive(enhanced(fourCC, 0, [1, 2, 3]))
    expect(stage.refusal).toBe('video_codec_unsupported')
    expect(stage.refusals[0]?.message).toContain(codec)
  })

  it('without a keyframe in ten seconds, and not before', () => {
    const stage = createStage()
    stage.send(9.9, 100, false)
    expect(stage.refusal).toBeUndefined()
    stage.send(0.3, 100, false)
    expect(stage.refusal).toBe('no_keyframe')
  })

  it('for a bitrate that stays too high', () => {
    const stage = createStage()
    stage.send(TOO_FAST_FOR_MS / 1000 + 1.5, 125_000)
    expect(stage.refusal).toBe('bitrate_too_high')
  })

  it('at once for a flood of large tags, before it has filled any memory', () => {
    const stage = createStage()
    let bytes = 0
    for (let n = 0; n < 1000 && !stage.refusal; n++, stage.nowMs += n % 2) {
      bytes += 8e6
      stage.source.receive(videoTag(n, { keyframe: n === 0, bytes: 8e6 }))
    }
    expect(stage.refusal).toBe('bitrate_too_high')
    expect(bytes).toBeLessThan(64e6)
  })

  it('for so many small tags that their bitrate is too high, too', () => {
    const stage = createStage()
    stage.source.receive(videoTag(0, { keyframe: true }))
    for (let n = 0; n < 600_000 && !stage.refusal; n++, stage.nowMs += 1 / 50)
      stage.source.receive(audioTag(n / 50, 100))
    expect(stage.refusal).toBe('bitrate_too_high')
  })

  it('for messages that its connection does not even read any more', () => {
    const stage = createStage()
    stage.source.overrun()
    expect(stage.refusal).toBe('too_many_messages')
  })

  it('not for what has queued up in a pause of the network', () => {
    const stage = createStage()
    stage.send(10, 50_000)
    stage.nowMs += 4000
    for (let n = 0; n < 100; n++) {
      stage.source.receive(videoTag((stage.nowMs % 1e6) - 4000 + n * 40, { bytes: 50_000 }))
      stage.nowMs += 6
    }
    stage.send(12, 50_000)
    expect(stage.refusal).toBeUndefined()
  })

  it('for tags that are none', () => {
    const stage = createStage()
    stage.source.receive({ type: 'video', timestampMs: 0, data: Uint8Array.of(0x17) })
    expect(stage.refusal).toBe('source_malformed')
  })

  it('once, and hears nothing more', () => {
    const stage = createStage()
    stage.source.receive(enhanced('hvc1', 0))
    stage.source.receive(enhanced('hvc1', 0))
    stage.send(1, 100)
    expect(stage.refusals.length).toBe(1)
    expect(stage.frames).toEqual([])
  })
})

describe('video', () => {
  it('is placed on the timeline with its composition time', () => {
    const stage = createStage()
    stage.source.receive(videoTag(70_000, { keyframe: true, compositionMs: 80 }))
    stage.source.receive(videoTag(70_040, { compositionMs: 200 }))
    expect(stage.frames.map(({ tag, ptsMs }) => [tag.timestampMs, ptsMs, tag.data[4]])).toEqual([
      [TIMELINE_START_MS - 80, TIMELINE_START_MS, 80],
      [TIMELINE_START_MS - 40, TIMELINE_START_MS + 160, 200],
    ])
  })

  it('in Enhanced RTMP becomes what every reader of FLV knows', () => {
    const stage = createStage()
    stage.source.receive(enhanced('avc1', 0, [1, 0x4d, 0x40]))
    stage.source.receive(enhanced('avc1', 1, [0, 0, 40, 9, 9]))
    stage.source.receive(enhanced('avc1', 3, [7, 7]))
    expect([...(stage.headers[0]?.data ?? [])]).toEqual([0x17, 0, 0, 0, 0, 1, 0x4d, 0x40])
    expect(stage.frames.map(({ tag }) => [...tag.data])).toEqual([
      [0x17, 1, 0, 0, 40, 9, 9],
      [0x17, 1, 0, 0, expect.any(Number), 7, 7],
    ])
  })

  it('leaves codec configurations as they are', () => {
    const stage = createStage()
    stage.source.receive(videoHeaderTag())
    stage.source.receive(videoTag(0, { keyframe: true }))
    stage.source.receive(videoHeaderTag(40))
    expect(stage.headers).toEqual([videoHeaderTag(), videoHeaderTag(40)])
  })
})

describe('a source without video', () => {
  it('has audio lead at once where it says so', () => {
    const stage = createStage()
    stage.source.receive(metadataTag({ audiocodecid: 10 }))
    stage.source.receive(audioTag(0))
    expect(stage.isAudioOnly).toBe(true)
  })

  it('has audio lead after two seconds where it says nothing', () => {
    const stage = createStage()
    stage.source.receive(audioTag(0))
    expect(stage.isAudioOnly).toBe(false)
    stage.nowMs += 2100
    stage.source.receive(audioTag(2100))
    expect(stage.isAudioOnly).toBe(true)
    stage.nowMs += 20_000
    stage.source.receive(audioTag(22_100))
    expect(stage.refusal).toBeUndefined()
  })

  it('is refused where video is announced and does not come', () => {
    const stage = createStage()
    stage.source.receive(metadataTag({ audiocodecid: 10, videocodecid: 7 }))
    stage.nowMs += 10_100
    stage.source.receive(audioTag(10_100))
    expect([stage.isAudioOnly, stage.refusal]).toEqual([false, 'no_keyframe'])
  })
})

describe('audio', () => {
  it('is expected unless the source says that it has none', () => {
    const [silent, unknown] = [createStage(), createStage()]
    silent.source.receive(metadataTag({ videocodecid: 7 }))
    silent.source.receive(videoTag(0, { keyframe: true }))
    unknown.source.receive(videoTag(0, { keyframe: true }))
    expect([silent.expectsAudio, unknown.expectsAudio]).toEqual([false, true])
  })

  it('that is not understood is a warning, and no reason to refuse', () => {
    const stage = createStage()
    stage.source.receive(videoTag(0, { keyframe: true }))
    stage.source.receive({ type: 'audio', timestampMs: 0, data: Uint8Array.of(0xb6, 1, 2) })
    expect(stage.refusal).toBeUndefined()
    expect(stage.source.facts().warnings.map(({ code }) => code)).toEqual(['audio_codec_unsupported'])
  })
})
