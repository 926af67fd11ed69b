/** Which clip a room shows while its publisher is away: its own, or the built-in one of its language. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { HeadwaterError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import { DEFAULT_SETTINGS, type Room, type SlateLanguage } from '../room/room.ts'
import { BuiltInSlates, readPicture } from './built-in.ts'
import type { SlateClip } from './clip.ts'
import { drawPreview, encodeSlate } from './encode-slate.ts'
import { findRoomOfFile, readRoomSlate, slateFileName, writeRoomSlate, type RoomSlate } from './room-slate.ts'
import { recogniseSlateFile, type SlateFile } from './slate-file.ts'
import { UploadSlots } from './upload-slots.ts'

export interface SlatesOptions {
  dataDir: string
  rooms: SlateRooms
  logger: Logger
  /** Wall clock, milliseconds. */
  now?: () => number
}

/** What is asked of the rooms. */
export interface SlateRooms {
  find(roomId: string): Pick<Room, 'settings'> | undefined
  list(): Pick<Room, 'settings'>[]
  onUpdate(listener: (room: Room) => void): () => void
  onDelete(listener: (roomId: string) => void): () => void
}

/** What a room shows. */
export type SlateInfo =
  | { kind: 'built-in'; language: SlateLanguage }
  | { kind: 'picture' | 'clip'; type: SlateFile['type']; bytes: number; madeAtMs: number }

/** Rooms whose slate is kept in memory: 1.6 MB each at the most. */
const MAX_REMEMBERED = 16

export class Slates {
  readonly name = 'slates'
  readonly #options: SlatesOptions
  readonly #folder: string
  readonly #builtIn: BuiltInSlates
  readonly #slots = new UploadSlots()
  readonly #closing = new AbortController()
  /** Those asked for last; null for a room without one of its own. */
  readonly #remembered = new Map<string, Promise<RoomSlate | null>>()
  readonly #stopListening: (() => void)[] = []
  #background: Promise<unknown> = Promise.resolve()

  constructor(options: SlatesOptions) {
    this.#options = options
    this.#folder = path.join(options.dataDir, 'slates')
    const { logger } = options
    this.#builtIn = new BuiltInSlates({ folder: this.#folder, logger, signal: this.#closing.signal })
  }

  /** Makes the built-in clips that rooms use in the background, so that no outage waits for an encoder. */
  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await this.#forgetOrphans()
    const { rooms } = this.#options
    this.#inBackground(() => this.#warm())
    this.#stopListening.push(
      rooms.onUpdate(() => this.#inBackground(() => this.#warm())),
      rooms.onDelete((roomId) => this.#inBackground(() => this.reset(roomId))),
    )
  }

  async close(): Promise<void> {
    for (const stop of this.#stopListening.splice(0)) stop()
    this.#closing.abort()
    await this.#background
  }

  /** The room's clip; at once but for the very first calls after the very first start. Rejects only where ffmpeg does not work. */
  async clip(roomId: string): Promise<SlateClip> {
    return (await this.#own(roomId))?.clip ?? this.#builtIn.clip(this.#languageOf(roomId))
  }

  async info(roomId: string): Promise<SlateInfo> {
    const own = await this.#own(roomId)
    if (!own) return { kind: 'built-in', language: this.#languageOf(roomId) }
    const { type, isClip, bytes, madeAtMs } = own
    return { kind: isClip ? 'clip' : 'picture', type, bytes, madeAtMs }
  }

  /** A small picture of what the room shows. */
  async preview(roomId: string): Promise<{ type: 'jpeg' | 'png'; bytes: Buffer }> {
    const own = await this.#own(roomId)
    if (own) return { type: 'jpeg', bytes: own.preview }
    return { type: 'png', bytes: await readPicture(this.#languageOf(roomId)) }
  }

  /**
   * Makes a slate of what `read` brings and keeps it for the room; the one before stays until then. Throws `slate_busy`, `slate_unsupported`,
   * `slate_unreadable`, `slate_too_complex`, `data_dir_unusable`, and what `read` throws.
   */
  replace(roomId: string, read: () => Promise<Uint8Array>): Promise<SlateInfo> {
    return this.#slots.hold(roomId, async () => {
      const bytes = await read()
      const file = recogniseSlateFile(bytes)
      if (!file) {
        const message = 'this is neither PNG, JPEG, GIF, WebP, MP4, WebM nor FLV'
        throw new HeadwaterError('slate_unsupported', message)
      }
      const slate = await this.#slots.takeTurn(() => this.#make(bytes, file))
      // It may have been deleted meanwhile.
      if (!this.#options.rooms.find(roomId))
        throw new HeadwaterError('room_not_found', 'there is no such room')
      await this.#keep(roomId, slate)
      this.#options.logger.info({ room: roomId, type: file.type, bytes: bytes.length }, 'slate replaced')
      return this.info(roomId)
    })
  }

  /** Goes back to the built-in slate. */
  async reset(roomId: string): Promise<void> {
    await rm(path.join(this.#folder, slateFileName(roomId)), { force: true })
    this.#remembered.delete(roomId)
  }

  async #make(bytes: Uint8Array, file: SlateFile): Promise<RoomSlate> {
    const { signal } = this.#closing
    const clip = await encodeSlate(bytes, file, { signal })
    const preview = await drawPreview(clip, { signal })
    const madeAtMs = (this.#options.now ?? Date.now)()
    return { type: file.type, isClip: file.isClip, bytes: bytes.length, madeAtMs, preview, clip }
  }

  async #keep(roomId: string, slate: RoomSlate): Promise<void> {
    try {
      await writeRoomSlate(this.#folder, roomId, slate)
    } catch (cause) {
      throw new HeadwaterError('data_dir_unusable', 'the slate could not be kept', { cause })
    }
    this.#remember(roomId, Promise.resolve(slate))
  }

  #own(roomId: string): Promise<RoomSlate | null> {
    const read = (): Promise<RoomSlate | null> =>
      readRoomSlate(this.#folder, roomId).catch((error: unknown) => {
        const { logger } = this.#options
        logger.warn(
          { err: error, room: roomId },
          'the slate of a room cannot be read: it shows the built-in one',
        )
        return null
      })
    const slate = this.#remembered.get(roomId) ?? read()
    this.#remember(roomId, slate)
    return slate
  }

  #remember(roomId: string, slate: Promise<RoomSlate | null>): void {
    this.#remembered.delete(roomId)
    this.#remembered.set(roomId, slate)
    const [oldest] = this.#remembered.keys()
    if (oldest !== undefined && this.#remembered.size > MAX_REMEMBERED) this.#remembered.delete(oldest)
  }

  #languageOf(roomId: string): SlateLanguage {
    return (this.#options.rooms.find(roomId)?.settings ?? DEFAULT_SETTINGS).slateLanguage
  }

  #inBackground(work: () => Promise<void>): void {
    this.#background = this.#background.then(work).catch((error: unknown) => {
      if (!this.#closing.signal.aborted)
        this.#options.logger.warn({ err: error }, 'a slate could not be made or deleted')
    })
  }

  async #warm(): Promise<void> {
    const inUse = this.#options.rooms.list().map(({ settings }) => settings.slateLanguage)
    for (const language of new Set([DEFAULT_SETTINGS.slateLanguage, ...inUse]))
      await this.#builtIn.clip(language)
  }

  /** Of rooms that were deleted while this was not running. */
  async #forgetOrphans(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const roomId = findRoomOfFile(name)
      if (roomId !== null && !this.#options.rooms.find(roomId)) await this.reset(roomId)
    }
  }
}
