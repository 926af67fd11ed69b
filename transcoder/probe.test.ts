import { describe, expect, it } from 'vitest'
import type { ProbedStream } from '../runtime/ffmpeg.ts'
import { judgeSource } from './probe.ts'

const LIMITS = { maxWidth: 1920, maxHeight: 1080 }

function judge(changes: Partial<ProbedStream>): string | object {
  const stream: ProbedStream = {
    type: 'video',
    codec: 'h264',
    profile: 'High',
    width: 1280,
    height: 720,
    pixelFormat: 'yuv420p',
    frameRate: 30,
    bFrames: false,
    sampleRate: null,
    channels: null,
    ...changes,
  }
  const judged = judgeSource(stream, LIMITS)
  return 'code' in judged ? judged.code : judged
}

describe('a source', () => {
  it('of H.264 is taken, with its size and rate', () => {
    expect(judge({})).toEqual({ width: 1280, height: 720, frameRate: 30 })
    expect(judge({ pixelFormat: null, frameRate: null })).toEqual({
      width: 1280,
      height: 720,
      frameRate: null,
    })
  })

  it('is taken up to the limits, standing or lying', () => {
    expect(judge({ width: 1920, height: 1080 })).toMatchObject({ width: 1920 })
    expect(judge({ width: 1080, height: 1920 })).toMatchObject({ width: 1080 })
    expect(judge({ width: 1922, height: 1080 })).toBe('resolution_too_high')
    expect(judge({ width: 1082, height: 1920 })).toBe('resolution_too_high')
  })

  it.each(['hevc', 'av1', 'vp9', 'flv1', 'unknown'])('in %s is refused by the codec', (codec) => {
    expect(judge({ codec })).toBe('video_codec_unsupported')
  })

  it('that cannot be read is refused', () => {
    expect(judgeSource(null, LIMITS)).toMatchObject({ code: 'video_unreadable' })
    expect(judge({ width: null })).toBe('video_unreadable')
    expect(judge({ height: 0 })).toBe('video_unreadable')
    expect(judge({ pixelFormat: 'gbrp' })).toBe('video_unreadable')
  })
})
