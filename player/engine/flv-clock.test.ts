import { describe, expect, it } from 'vitest'
import type { FlvTag } from '../../media/flv-tag.ts'
import { FlvClock } from './flv-clock.ts'

const video = (timestampMs: number, ...data: number[]): FlvTag => {
  return { type: 'video', timestampMs, data: Uint8Array.from(data) }
}
const audio = (timestampMs: number, ...data: number[]): FlvTag => {
  return { type: 'audio', timestampMs, data: Uint8Array.from(data) }
}

describe('FlvClock', () => {
  it('takes the earlier of first sound and first picture, headers not counted', () => {
    const clock = new FlvClock()
    clock.push(video(0, 0x17, 0, 0, 0, 0, 1))
    clock.push(audio(0, 0xaf, 0, 0x11, 0x90))
    clock.push(video(10_040, 0x17, 1, 0, 0, 0, 9, 9))
    expect(clock.baseS).toBeNull()
    clock.push(audio(10_021, 0xaf, 1, 7, 7))
    expect(clock.baseS).toBeCloseTo(10.021)
  })

  it('does without sound', () => {
    const clock = new FlvClock()
    for (let i = 0; i < 70; i++) clock.push(video(20_000 + i * 33, 0x27, 1, 0, 0, 0, 9))
    expect(clock.baseS).toBe(20)
  })

  it('stays unknown while there is nothing but headers', () => {
    const clock = new FlvClock()
    for (let i = 0; i < 70; i++) clock.push(video(0, 0x17, 0, 0, 0, 0, 1))
    expect(clock.baseS).toBeNull()
  })
})
