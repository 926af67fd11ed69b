/** Reads a program's directory back. */
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { PARTS_PER_SECOND } from '../../media/part.ts'
import { AUDIO_TRACK } from '../packager/packager.ts'
import type { RestoredProgram, RestoredTrack } from '../program/restored-program.ts'
import { parseFileName, readJournalFile } from './journal-file.ts'
import { joinFiles, levelTracks, type ReadFile } from './level-tracks.ts'
import { parseRecord, RECORD_FILE, type ProgramRecord } from './program-record.ts'

/** A file holds half a minute: one larger than this is not ours. */
const MAX_FILE_BYTES = 512 * 1024 * 1024
const MAX_RECORD_BYTES = 64 * 1024
const MAX_FILES = 256
/** By how much the clock on the wall may have been set back meanwhile. */
const MAX_AHEAD_MS = 5000

/** Null where nothing is there to go on with. Throws what the file system or the record's schema throws. */
export async function readProgram(directory: string, nowMs: number): Promise<RestoredProgram | null> {
  const record = parseRecord(
    await readBounded(path.join(directory, RECORD_FILE), MAX_RECORD_BYTES).then(String),
  )
  const files = await readFiles(directory, record.id)
  const names = [AUDIO_TRACK, ...(record.plan?.renditions.map(({ name }) => name) ?? [])]
  const joined = names.map((name) => joinFiles(name, files))
  if (joined.some((track) => track === null)) return null
  const level = levelTracks(joined.flatMap((track) => track ?? []))
  if (!level) return null
  if (record.epochMs + (level.nextPart * 1000) / PARTS_PER_SECOND > nowMs + MAX_AHEAD_MS) return null
  return { ...programOf(record, level.tracks, nowMs), nextPart: level.nextPart }
}

function programOf(
  record: ProgramRecord,
  tracks: RestoredTrack[],
  nowMs: number,
): Omit<RestoredProgram, 'nextPart'> {
  const { version: _, ...facts } = record
  const isLive = record.interruptedAtMs === null
  return {
    ...facts,
    tracks,
    interruptions: record.interruptions + (isLive ? 1 : 0),
    interruptedAtMs: record.interruptedAtMs ?? Math.min(lastCaptureMs(tracks), nowMs),
  }
}

/** When the last of what is there came in: nobody wrote down the end. */
function lastCaptureMs(tracks: readonly RestoredTrack[]): number {
  return Math.max(
    ...tracks.map(({ parts }) => {
      const last = parts.at(-1)?.header
      return last ? last.captureTimeMs + Math.round((last.duration * 1000) / last.timescale) : 0
    }),
  )
}

async function readFiles(directory: string, program: string): Promise<ReadFile[]> {
  const names = (await readdir(directory)).flatMap((name) => {
    const parsed = parseFileName(name)
    return parsed ? [{ name, ...parsed }] : []
  })
  const files: ReadFile[] = []
  for (const { name, track, firstPart } of names.slice(0, MAX_FILES)) {
    const bytes = await readBounded(path.join(directory, name), MAX_FILE_BYTES)
    const file = readJournalFile(bytes, { program, track })
    if (file) files.push({ track, firstPart, ...file })
  }
  return files
}

async function readBounded(file: string, maxBytes: number): Promise<Buffer> {
  const { size } = await stat(file)
  if (size > maxBytes) throw new Error(`${path.basename(file)} has ${size} bytes, at most ${maxBytes}`)
  return readFile(file)
}
