import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MediaError } from '../media-error.ts'
import type { PartView, SegmentView } from '../segment-record.ts'
import { partUri, segmentUri, siblingUri } from './address.ts'
import { formatMediaPlaylist } from './media.ts'
import type { MediaPlaylistView } from './media.ts'
import { parseMediaPlaylist } from './parse.ts'

const EPOCH_MS = 1_700_000_000_000
/** Durations as they are written: five decimals. */
const hundredThousandths = fc.integer({ min: 1, max: 28_000 }).map((n) => n / 100_000)

const partView = fc.record({
  durationSec: hundredThousandths,
  independent: fc.boolean(),
  hasBytes: fc.boolean(),
})
const view: fc.Arbitrary<MediaPlaylistView> = fc
  .record({
    firstMsn: fc.nat({ max: 1_000_000 }),
    segments: fc.array(fc.array(partView, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 40 }),
    ended: fc.boolean(),
    renditions: fc.uniqueArray(fc.stringMatching(/^[a-z0-9]{1,16}$/), { maxLength: 4 }),
  })
  .map(({ firstMsn, segments, ended, renditions }) => ({
    ended,
    segments: segments.map((parts, index): SegmentView => {
      const durationSec = parts.reduce((sum, part) => sum + part.durationSec, 0)
      const numbered = parts.map((part, place): PartView => ({ ...part, part: place }))
      const msn = firstMsn + index
      return {
        msn,
        startSec: msn * 2,
        durationSec,
        done: ended || index < segments.length - 1,
        parts: numbered,
      }
    }),
    next: ended ? null : { msn: firstMsn + segments.length - 1, part: segments.at(-1)?.length ?? 0 },
    renditions: renditions.map((track) => ({ track, head: { msn: firstMsn, part: 3 } })),
  }))

it('reads back what is written', () => {
  fc.assert(
    fc.property(view, (written) => {
      const text = formatMediaPlaylist(written, {
        partTargetSec: 0.28,
        epochMs: EPOCH_MS,
        partSegments: 'all',
      })
      const read = parseMediaPlaylist(text)
      expect(read).toMatchObject({
        version: 9,
        targetDurationSec: 6,
        partTargetSec: 0.28,
        mapUri: 'init-0.mp4',
      })
      expect(read.ended).toBe(written.ended)
      expect(read.mediaSequence).toBe(written.segments[0]?.msn)
      expect(read.preloadHint).toBe(written.next && partUri(written.next))
      expect(read.renditionReports).toEqual(
        written.ended
          ? []
          : written.renditions.map(({ track, head }) => ({
              uri: siblingUri(track),
              lastMsn: head.msn,
              lastPart: head.part,
            })),
      )
      expect(read.segments).toEqual(
        written.segments.map(({ msn, startSec, durationSec, done, parts }) => ({
          msn,
          uri: done ? segmentUri(msn) : null,
          durationSec: done ? Number(durationSec.toFixed(5)) : null,
          programDateTimeMs: EPOCH_MS + startSec * 1000,
          gap: false,
          parts: parts.map(({ part, durationSec, independent }) => ({
            uri: partUri({ msn, part }),
            durationSec,
            independent,
            gap: false,
          })),
        })),
      )
    }),
  )
})

it('passes over tags and attributes it does not know', () => {
  const read = parseMediaPlaylist(`#EXTM3U\r
# a comment, and a tag of tomorrow
#EXT-X-TOMORROW:A="b,c",D=1
#EXT-X-TARGETDURATION:6\r
#EXT-X-MAP:URI="i.mp4",BYTERANGE="720@0"
#EXTINF:2.002,a title, with a comma
#EXT-X-BITRATE:1000
s.mp4
`)
  expect(read.segments).toMatchObject([{ msn: 0, uri: 's.mp4', durationSec: 2.002, parts: [] }])
  expect(read.mapUri).toBe('i.mp4')
})

it.each([
  ['no playlist', '<!doctype html>'],
  ['no target duration', '#EXTM3U\n'],
  ['a segment without EXTINF', '#EXTM3U\n#EXT-X-TARGETDURATION:6\na.m4s\n'],
  ['a duration that is no number', '#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:two,\na.m4s\n'],
  ['a part without URI', '#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-PART:DURATION=1\n'],
  ['a date that is none', '#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-PROGRAM-DATE-TIME:noon\n'],
  ['a text without bound', '#EXTM3U\n' + ' '.repeat(4_000_000)],
])('refuses %s', (_, text) => {
  expect(() => parseMediaPlaylist(text)).toThrow(MediaError)
})

it('answers any text with a playlist or a MediaError', () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '#EXTM3U',
      '#EXT-X-TARGETDURATION:6',
      '#EXTINF:2,',
      'a.m4s',
      '#EXT-X-SKIP:SKIPPED-SEGMENTS=3',
    ),
    fc.string().map((value) => `#EXT-X-PART:${value}`),
  )
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      try {
        parseMediaPlaylist(['#EXTM3U', '#EXT-X-TARGETDURATION:6', ...lines].join('\n'))
      } catch (error) {
        expect(error).toBeInstanceOf(MediaError)
      }
    }),
  )
})
