import { describe, expect, it } from 'vitest'
import { FrameMeter, STALL_GAP_MS } from './frame-meter.ts'

function play(meter: FrameMeter, fromMs: number, toMs: number): void {
  for (let at = fromMs; at <= toMs; at += 33) meter.onFrame(at)
}

describe('FrameMeter', () => {
  it('sees no stall in a picture that moves', () => {
    const meter = new FrameMeter()
    play(meter, 0, 5000)
    expect(meter.read(5010)).toEqual({ stalls: 0, stallMs: 0 })
    expect(meter.firstAtMs).toBe(0)
  })

  it('counts a gap once, with its length', () => {
    const meter = new FrameMeter()
    play(meter, 0, 990)
    play(meter, 1590, 2000)
    expect(meter.read(2010)).toEqual({ stalls: 1, stallMs: 600 })
    expect(meter.largestGapSince(1000)).toBe(600)
    expect(meter.largestGapSince(3000)).toBe(0)
  })

  it('counts a stall that has not ended yet', () => {
    const meter = new FrameMeter()
    play(meter, 0, 990)
    expect(meter.read(990 + STALL_GAP_MS).stalls).toBe(0)
    expect(meter.read(1990)).toEqual({ stalls: 1, stallMs: 1000 })
    expect(meter.read(1991).stalls).toBe(1)
  })

  it('does not count a pause, a seek or a hidden page', () => {
    const meter = new FrameMeter()
    play(meter, 0, 990)
    meter.rest(1000)
    expect(meter.read(9000).stalls).toBe(0)
    play(meter, 9000, 9500)
    expect(meter.read(9500).stalls).toBe(0)
  })

  it('keeps a stall that a seek has ended', () => {
    const meter = new FrameMeter()
    play(meter, 0, 990)
    meter.rest(1990)
    expect(meter.read(5000)).toEqual({ stalls: 1, stallMs: 1000 })
    play(meter, 5000, 5500)
    expect(meter.read(5500)).toEqual({ stalls: 1, stallMs: 1000 })
  })

  it('counts a wait for data that a slow picture hides, and lets the shortest pass', () => {
    const meter = new FrameMeter()
    meter.onWaiting(1)
    meter.onFrame(2000)
    meter.onWaiting(2010)
    meter.onFrame(2040)
    meter.onWaiting(2060)
    meter.onFrame(2240)
    expect(meter.read(2241)).toEqual({ stalls: 1, stallMs: 180 })
  })
})
