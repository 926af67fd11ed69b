import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WATCHED_AUDIO, videoAt, watch } from './conformance/synthetic-reloads.ts'
import { checkPlaylists } from './conformance.ts'
import { applyDelta } from './delta.ts'
import { parseMediaPlaylist } from './parse.ts'

describe('the writer', () => {
  it.each([24, 25, 30, 50, 60])('conforms over a minute of video at %i fps', (fps) => {
    expect(checkPlaylists(watch({ ...videoAt(fps), parts: 240 }))).toEqual([])
  })

  it('conforms over ten minutes of audio', () => {
    expect(checkPlaylists(watch({ ...WATCHED_AUDIO, parts: 2400, step: 7 }))).toEqual([])
  })

  it('conforms whatever the reloads, the window and the end', () => {
    const watched = fc.record({
      source: fc.constantFrom(videoAt(30), videoAt(25), WATCHED_AUDIO),
      step: fc.integer({ min: 1, max: 17 }),
      parts: fc.integer({ min: 1, max: 250 }),
      // Three target durations must remain, and the newest segment is not finished.
      maxSegments: fc.integer({ min: 11, max: 40 }),
      partSegments: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constant('all' as const)),
      end: fc.boolean(),
      skip: fc.boolean(),
    })
    fc.assert(
      fc.property(watched, ({ source, partSegments, ...rest }) => {
        const options = { ...source.options, partSegments }
        expect(checkPlaylists(watch({ ...rest, source: source.source, options }))).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})

it('wants segments that begin with an independent part, or with a gap', () => {
  const [whole] = watch({ ...videoAt(30), parts: 40, step: 40 })
  const rulesOf = (flag: string): string[] => {
    const text = whole?.text.replaceAll(',INDEPENDENT=YES', flag) ?? ''
    return checkPlaylists([{ atMs: 0, text }]).map(({ rule }) => rule)
  }
  expect(rulesOf('')).toContain('independent')
  expect(rulesOf(',GAP=YES')).not.toContain('independent')
})

it('puts back together by delta updates what the full playlist says', () => {
  const full = watch({ ...videoAt(30), maxSegments: 30, parts: 400, step: 5 })
  const deltas = watch({ ...videoAt(30), maxSegments: 30, parts: 400, step: 5, skip: true })
  let known = parseMediaPlaylist(full[0]?.text ?? '')
  let skipped = 0
  deltas.slice(1).forEach(({ text }, index) => {
    const delta = parseMediaPlaylist(text)
    skipped += delta.skippedSegments
    known = applyDelta(known, delta)
    expect(known).toEqual(parseMediaPlaylist(full[index + 1]?.text ?? ''))
  })
  expect(skipped).toBeGreaterThan(100)
})
