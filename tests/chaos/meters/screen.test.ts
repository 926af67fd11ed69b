import { describe, expect, it } from 'vitest'
import { stallsOf } from './screen.ts'
import type { ScreenLog } from './screen-script.ts'

/** Frames at these times, in ms: [on the wall, in the media]. */
function logOf(times: [number, number][], health: ScreenLog['health'] = []): ScreenLog {
  const frames = times.map(([atMs, mediaMs], index): ScreenLog['frames'][number] => [
    atMs,
    mediaMs / 1000,
    index,
    index,
    0,
  ])
  return { frames, overlays: [], hiccups: [], dropped: 0, health }
}

describe('stalls on the screen', () => {
  it('are gaps of more than 250 ms over which the picture stood', () => {
    expect(
      stallsOf(
        logOf([
          [0, 0],
          [250, 33],
          [700, 66],
        ]),
        0,
        700,
      ),
    ).toMatchObject([{ gapMs: 450, isMachine: false }])
  })

  it('are the machine’s where the picture went on meanwhile', () => {
    expect(
      stallsOf(
        logOf([
          [0, 0],
          [700, 690],
        ]),
        0,
        700,
      ),
    ).toMatchObject([{ isMachine: true }])
  })

  it('are the machine’s where there was data all the time', () => {
    const health: ScreenLog['health'] = [
      [100, 5000, true],
      [400, 5000, true],
    ]
    expect(
      stallsOf(
        logOf(
          [
            [0, 0],
            [700, 33],
          ],
          health,
        ),
        0,
        700,
      ),
    ).toMatchObject([{ isMachine: true }])
    const empty: ScreenLog['health'] = [
      [100, 5000, true],
      [400, 40, false],
    ]
    expect(
      stallsOf(
        logOf(
          [
            [0, 0],
            [700, 33],
          ],
          empty,
        ),
        0,
        700,
      ),
    ).toMatchObject([{ isMachine: false }])
  })

  it('last until the end where no frame comes any more', () => {
    expect(stallsOf(logOf([[0, 0]]), 0, 900)).toMatchObject([{ gapMs: 900, isMachine: false }])
  })

  it('that last until the end are the machine’s, too, where there was data', () => {
    const frames: [number, number][] = [[0, 0]]
    const health = (reserveMs: number): ScreenLog['health'] => [[400, reserveMs, reserveMs > 100]]
    expect(stallsOf(logOf(frames, health(5000)), 0, 700)).toMatchObject([{ gapMs: 700, isMachine: true }])
    expect(stallsOf(logOf(frames, health(40)), 0, 700)).toMatchObject([{ gapMs: 700, isMachine: false }])
    expect(stallsOf(logOf(frames), 0, 700)).toMatchObject([{ gapMs: 700, isMachine: false }])
  })

  it('are the machine’s where the page stood still with data before and after', () => {
    const frames: [number, number][] = [
      [100, 100],
      [700, 133],
    ]
    const health = (beforeMs: number, afterMs: number): ScreenLog['health'] => [
      [50, beforeMs, true],
      [750, afterMs, true],
    ]
    expect(stallsOf(logOf(frames, health(7000, 6400)), 0, 700)).toMatchObject([{ isMachine: true }])
    expect(stallsOf(logOf(frames, health(7000, 40)), 0, 700)).toMatchObject([{ isMachine: false }])
    expect(stallsOf(logOf(frames, health(40, 7000)), 0, 700)).toMatchObject([{ isMachine: false }])
  })
})
