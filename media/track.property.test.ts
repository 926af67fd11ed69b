import fc from 'fast-check'
import { expect, it } from 'vitest'
import { partIdOf, runningNumber } from './part.ts'
import type { PartHeader } from './part.ts'
import { syntheticHeader, syntheticVideo } from './synthetic-stream.ts'
import { Track } from './track.ts'

const VIDEO = syntheticVideo(30)
const SEGMENTS = 5
const FIRST_MSN = 5

/** A stream whose segments end early here and there, in stream order. */
const stream = fc
  .array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: SEGMENTS })
  .map((lengths) =>
    lengths.flatMap((length, index) =>
      Array.from({ length }, (_, part): PartHeader => {
        const header = syntheticHeader(VIDEO, (FIRST_MSN + index) * 8 + part)
        return { ...header, lastOfSegment: part === length - 1 }
      }),
    ),
  )

/** What arrives: some of it, in any order, some of it twice, headers with or without bytes. */
const arrivals = stream.chain((parts) =>
  fc.record({
    parts: fc.constant(parts),
    order: fc.array(fc.record({ index: fc.nat({ max: parts.length - 1 }), withBytes: fc.boolean() }), {
      maxLength: 4 * parts.length,
    }),
  }),
)

it('has the head of the simplest model, whatever the order of arrival', () => {
  fc.assert(
    fc.property(arrivals, ({ parts, order }) => {
      const track = new Track({ name: '720p', maxSegments: SEGMENTS })
      const known = new Map<number, boolean>()
      for (const { index, withBytes } of order) {
        const header = parts[index]
        if (!header) continue
        const isNew = !known.has(index) || (withBytes && known.get(index) === false)
        expect(track.note(header, withBytes ? new Uint8Array(1) : null)).toBe(isNew)
        known.set(index, withBytes || known.get(index) === true)
        const first = order[0]?.index ?? 0
        let head = first
        while (known.has(head + 1)) head += 1
        expect(track.head).toEqual({ msn: parts[head]?.msn, part: parts[head]?.part })
        parts.forEach(({ msn, part }, place) => expect(track.reaches(msn, part)).toBe(place <= head))
      }
    }),
  )
})

it('lists a window without a hole that ends at its head', () => {
  fc.assert(
    fc.property(arrivals, ({ parts, order }) => {
      const track = new Track({ name: '720p', maxSegments: SEGMENTS })
      for (const { index, withBytes } of order) {
        const header = parts[index]
        if (header) track.note(header, withBytes ? new Uint8Array(1) : null)
        const views = track.segments()
        const listed = views.flatMap(({ msn, parts }) =>
          parts.map(({ part }) => runningNumber({ msn, part })),
        )
        const ids = parts.map(runningNumber)
        if (listed.length === 0) continue
        const from = ids.indexOf(listed[0] ?? -1)
        expect(listed).toEqual(ids.slice(from, from + listed.length))
        expect(partIdOf(listed.at(-1) ?? -1)).toEqual(track.head)
        views.forEach(({ done }, place) => expect(done).toBe(place < views.length - 1))
      }
    }),
  )
})

it('names as holes what would let the head go on', () => {
  fc.assert(
    fc.property(arrivals, ({ parts, order }) => {
      const track = new Track({ name: '720p', maxSegments: SEGMENTS })
      let newest = 0
      for (const { index } of order) {
        const header = parts[index]
        if (header) track.note(header, null)
        newest = Math.max(newest, index)
      }
      for (const { msn, part } of track.holes()) {
        const header = parts.find((known) => known.msn === msn && known.part === part)
        if (header) expect(track.note(header, null)).toBe(true)
      }
      if (order.length > 0) expect(track.head).toEqual({ msn: parts[newest]?.msn, part: parts[newest]?.part })
      expect(track.holes()).toEqual([])
    }),
  )
})

it('lets go of each waiter exactly when its part is reached', async () => {
  await fc.assert(
    fc.asyncProperty(arrivals, async ({ parts, order }) => {
      const track = new Track({ name: '720p', maxSegments: SEGMENTS })
      const reached = new Set<number>()
      const waits = parts.map(({ msn, part }, place) =>
        track.whenReached(msn, part).then(() => reached.add(place)),
      )
      for (const { index } of order) {
        const header = parts[index]
        if (header) track.note(header, null)
      }
      const expected = parts.filter(({ msn, part }) => track.reaches(msn, part)).length
      expect(track.waiting).toBe(parts.length - expected)
      await Promise.resolve()
      await Promise.resolve()
      expect(reached.size).toBe(expected)
      track.end()
      await Promise.all(waits)
    }),
  )
})
