/** The recordings on disk: DATA_DIR/recordings/{room}/{program}.mp4 with its .index and .json beside it. */
import { mkdir, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { RecordedPart } from '../../media/playlist/recording.ts'
import { readFileIfPresent, replaceFile } from '../../runtime/data-dir.ts'
import { HeadwaterError } from '../../runtime/errors.ts'
import { ROOM_ID_PATTERN } from '../room/keys.ts'
import { parseIndex } from './part-index.ts'
import { PROGRAM_ID_PATTERN, recordingSchema, type Recording } from './recording.ts'

export interface RecordingPaths {
  movie: string
  index: string
  facts: string
}

const PRIVATE_DIR_MODE = 0o700

export class RecordingFiles {
  readonly root: string

  constructor(dataDir: string) {
    this.root = path.join(dataDir, 'recordings')
  }

  /** Throws `recording_not_found` for names that are none: nothing else ever becomes part of a path. */
  paths(roomId: string, programId: string): RecordingPaths {
    if (!ROOM_ID_PATTERN.test(roomId) || !PROGRAM_ID_PATTERN.test(programId)) throw notFound()
    const base = path.join(this.root, roomId, programId)
    return { movie: `${base}.mp4`, index: `${base}.index`, facts: `${base}.json` }
  }

  async openRoom(roomId: string): Promise<void> {
    await mkdir(path.join(this.root, roomId), { recursive: true, mode: PRIVATE_DIR_MODE })
  }

  /** Rooms that have recordings, or had. */
  async rooms(): Promise<string[]> {
    return (await namesIn(this.root)).filter((name) => ROOM_ID_PATTERN.test(name))
  }

  /** Newest first. What cannot be read is left out. */
  async list(roomId: string): Promise<Recording[]> {
    const names = await namesIn(path.join(this.root, roomId))
    const ids = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length))
    const recordings: Recording[] = []
    for (const id of ids) {
      const recording = PROGRAM_ID_PATTERN.test(id) ? await this.find(roomId, id) : null
      if (recording) recordings.push(recording)
    }
    return recordings.toSorted((a, b) => b.startedAtMs - a.startedAtMs)
  }

  async find(roomId: string, programId: string): Promise<Recording | null> {
    const text = await readFileIfPresent(this.paths(roomId, programId).facts)
    if (text === null) return null
    try {
      return recordingSchema.parse(JSON.parse(text))
    } catch {
      return null
    }
  }

  /** Throws `recording_not_found`. */
  async get(roomId: string, programId: string): Promise<Recording> {
    const recording = await this.find(roomId, programId)
    if (recording === null) throw notFound()
    return recording
  }

  async save(recording: Recording): Promise<void> {
    const { facts } = this.paths(recording.roomId, recording.programId)
    await replaceFile(facts, `${JSON.stringify(recording)}\n`)
  }

  /** The parts that are in the file, whole. */
  async parts({ roomId, programId, init, mediaEnd }: Recording): Promise<RecordedPart[]> {
    const { movie, index } = this.paths(roomId, programId)
    const [bytes, { size }] = await Promise.all([readFile(index), stat(movie)])
    return parseIndex(bytes, init.end, mediaEnd ?? size)
  }

  /** The facts go last: what is begun is found again and finished. */
  async remove(roomId: string, programId: string): Promise<void> {
    const { movie, index, facts } = this.paths(roomId, programId)
    for (const file of [movie, index, facts]) await rm(file, { force: true })
    await rmdir(path.dirname(movie)).catch(() => {}) // others are in it
  }
}

function notFound(): HeadwaterError {
  return new HeadwaterError('recording_not_found', 'there is no such recording')
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
}
