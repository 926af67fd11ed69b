import { describe, expect, it } from 'vitest'
import { playbackState, waitReason } from './playback-state.ts'

const shown = {
  hasFailed: false,
  hasEnded: false,
  hasFrame: true,
  isInterrupted: false,
  room: 'live' as const,
}

describe('playbackState', () => {
  it('is loading until the first frame', () => {
    expect(playbackState({ ...shown, hasFrame: false })).toBe('loading')
    expect(playbackState({ ...shown, hasFrame: false, room: 'idle' })).toBe('loading')
  })

  it('is interrupted when the viewer is told so, and not because the server knows', () => {
    expect(playbackState({ ...shown, isInterrupted: true })).toBe('interrupted')
    expect(playbackState({ ...shown, room: 'interrupted' })).toBe('playing')
  })

  it('plays out what is left of an ended program before it says so', () => {
    expect(playbackState({ ...shown, room: 'ended' })).toBe('playing')
    expect(playbackState({ ...shown, room: 'ended', hasEnded: true })).toBe('ended')
    expect(playbackState({ ...shown, room: 'ended', hasFrame: false })).toBe('ended')
  })

  it('puts failure above all else', () => {
    expect(playbackState({ ...shown, hasFailed: true, hasEnded: true })).toBe('error')
  })
})

describe('waitReason', () => {
  it('names what is missing', () => {
    expect(waitReason('idle', false, false)).toBe('unknown')
    expect(waitReason('idle', true, false)).toBe('not_live')
    expect(waitReason('idle', true, true)).toBe('not_found')
    expect(waitReason('live', true, false)).toBe('connecting')
    expect(waitReason('refused', true, false)).toBe('refused')
  })
})
