/** rooms.json in DATA_DIR: every room with hashes of its secrets and its signing seed; private to its owner. */

import path from 'node:path'
import { z } from 'zod'
import { readFileIfPresent, replaceFile } from '../../runtime/data-dir.ts'
import { HeadwaterError } from '../../runtime/errors.ts'
import { ROOM_ID_PATTERN } from './keys.ts'
import { DEFAULT_SETTINGS, SETTING_LIMITS, SLATE_LANGUAGES, STREAMING_MODES } from './room.ts'

const hash = z.string().regex(/^sha256\$[A-Za-z0-9_-]{22}\$[A-Za-z0-9_-]{43}$/)

const { slateAfterMs, reconnectWindowS } = SETTING_LIMITS

// What is absent was written before it existed.
const settings = z.strictObject({
  slateAfterMs: z.int().min(slateAfterMs.min).max(slateAfterMs.max).nullable().default(null),
  reconnectWindowS: z.int().min(reconnectWindowS.min).max(reconnectWindowS.max).nullable().default(null),
  record: z.boolean().nullable().default(null),
  slateLanguage: z.enum(SLATE_LANGUAGES).default(DEFAULT_SETTINGS.slateLanguage),
  cascade: z.boolean().nullable().default(null),
  isPrivate: z.boolean().default(false),
})

const roomRecord = z.strictObject({
  id: z.string().regex(ROOM_ID_PATTERN),
  title: z.string().max(1000),
  streamingMode: z.enum(STREAMING_MODES),
  createdAtMs: z.int().min(0),
  keyHash: hash,
  tokenHash: hash,
  signingSeed: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  standbyKeyHash: hash.nullable().default(null),
  settings: settings.prefault({}),
})

const roomsFile = z.strictObject({ version: z.literal(1), rooms: z.array(roomRecord) })

/** A room as it is kept on disk. */
export type RoomRecord = z.output<typeof roomRecord>

/** The file of all rooms. Writes are one after the other; those asked for meanwhile become one. */
export class RoomsFile {
  readonly #file: string
  #current: Promise<void> | null = null
  #next: Promise<void> | null = null

  constructor(dataDir: string) {
    this.#file = path.join(dataDir, 'rooms.json')
  }

  /** All rooms; none when there is no file yet. Throws `state_corrupt` and leaves the file as it is. */
  async read(): Promise<RoomRecord[]> {
    const text = await readFileIfPresent(this.#file)
    if (text === null) return []
    try {
      return roomsFile.parse(JSON.parse(text)).rooms
    } catch (error) {
      const message = `${this.#file} cannot be read as rooms; it is left as it is: repair it, or move it away to begin without rooms`
      throw new HeadwaterError('state_corrupt', message, { cause: error })
    }
  }

  /**
   * Writes what `snapshot` returns when the write begins; resolves when it is safe on disk. Throws `data_dir_unusable`.
   * A call during a write waits for the one after it, which sees every change made until then.
   */
  write(snapshot: () => RoomRecord[]): Promise<void> {
    if (this.#current === null) return (this.#current = this.#begin(snapshot))
    this.#next ??= this.#current
      .catch(() => {})
      .then(() => {
        this.#next = null
        return (this.#current = this.#begin(snapshot))
      })
    return this.#next
  }

  /** Resolves when nothing is being written any more. */
  async settle(): Promise<void> {
    while (this.#current !== null) await (this.#next ?? this.#current).catch(() => {})
  }

  async #begin(snapshot: () => RoomRecord[]): Promise<void> {
    try {
      await replaceFile(this.#file, `${JSON.stringify({ version: 1, rooms: snapshot() })}\n`)
    } catch (error) {
      throw new HeadwaterError('data_dir_unusable', `cannot write ${this.#file}`, { cause: error })
    } finally {
      if (this.#next === null) this.#current = null
    }
  }
}
