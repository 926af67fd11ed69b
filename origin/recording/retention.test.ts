import { expect, it } from 'vitest'
import type { Recording } from './recording.ts'
import { chooseExpired } from './retention.ts'

const NOW = 1_000_000

function recording(programId: string, startedAtMs: number, facts: Partial<Recording> = {}): Recording {
  return {
    version: 1,
    roomId: 'abcdefghij',
    programId,
    title: '',
    startedAtMs,
    endedAtMs: startedAtMs + 10,
    durationMs: 10,
    bytes: 100,
    interruptions: 0,
    complete: true,
    rendition: null,
    width: null,
    height: null,
    firstPart: 40,
    init: { start: 0, end: 0 },
    mediaEnd: 0,
    failure: null,
    ...facts,
  }
}

const idsOf = (recordings: Recording[]): string[] => recordings.map(({ programId }) => programId)

it('lets go of what is older than the limit', () => {
  const all = [recording('old', 0), recording('new', NOW - 20)]
  expect(idsOf(chooseExpired(all, { maxAgeMs: 1000, maxBytes: 1e9 }, NOW))).toEqual(['old'])
})

it('lets go of the oldest until the others fit', () => {
  const all = [recording('c', 30), recording('a', 10), recording('b', 20)]
  expect(idsOf(chooseExpired(all, { maxAgeMs: 1e9, maxBytes: 150 }, NOW))).toEqual(['a', 'b'])
})

it('counts one that runs, and never lets go of it', () => {
  const running = recording('running', 5, { complete: false, endedAtMs: null, bytes: 1000 })
  const all = [recording('a', 10), running]
  expect(idsOf(chooseExpired(all, { maxAgeMs: 1, maxBytes: 500 }, NOW))).toEqual(['a'])
})
