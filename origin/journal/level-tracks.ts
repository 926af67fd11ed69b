/** Brings what was read of a program's tracks to one length: part k counts only where every track has it. Pure. */
import { runningNumber, type Part } from '../../media/part.ts'
import type { RestoredTrack } from '../program/restored-program.ts'
import type { JournalFile, JournalFileName } from './journal-file.ts'

export type ReadFile = JournalFileName & JournalFile

/** A track's files as one: a later file stands in place of what an earlier one has from its first part on. */
export function joinFiles(name: string, files: readonly ReadFile[]): RestoredTrack | null {
  const ordered = files.filter((file) => file.track === name).sort((a, b) => a.firstPart - b.firstPart)
  const last = ordered.at(-1)
  if (!last) return null
  let parts: Part[] = []
  ordered.forEach((file, index) => {
    const end = ordered[index + 1]?.firstPart ?? Infinity
    const own = file.parts.filter(({ header }) => runningNumber(header) < end)
    const isNext = own[0] && runningNumber(own[0].header) === endOf(parts)
    // Behind a hole only what comes after it can be listed.
    if (own.length > 0) parts = isNext || parts.length === 0 ? [...parts, ...own] : own
  })
  return { name, init: last.init, parts }
}

/** Null where there is no part that all tracks have. */
export function levelTracks(
  tracks: readonly RestoredTrack[],
): { nextPart: number; tracks: RestoredTrack[] } | null {
  const nextPart = Math.min(...tracks.map(({ parts }) => endOf(parts) ?? 0))
  const first = Math.max(...tracks.map(({ parts }) => (parts[0] ? runningNumber(parts[0].header) : Infinity)))
  if (!Number.isFinite(nextPart) || first >= nextPart) return null
  const level = tracks.map((track) => ({
    ...track,
    parts: track.parts.filter(({ header }) => {
      const k = runningNumber(header)
      return k >= first && k < nextPart
    }),
  }))
  return { nextPart, tracks: level }
}

/** The number after the last. */
function endOf(parts: readonly Part[]): number | null {
  const last = parts.at(-1)
  return last ? runningNumber(last.header) + 1 : null
}
