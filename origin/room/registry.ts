/** All rooms of the origin, in memory and on disk; the only one that sees hashes of secrets and signing seeds. */

import { HeadwaterError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { PublisherKind } from '../program/live-rooms.ts'
import {
  createPublisherToken,
  createRoomId,
  createStreamKey,
  findRoomIdInKey,
  findRoomIdInToken,
  hashSecret,
  verifySecret,
} from './keys.ts'
import { cleanTitle, createSigningKey, DEFAULT_SETTINGS, restoreSigningKey } from './room.ts'
import type { Room, RoomSettings, SigningKey, StreamingMode } from './room.ts'
import { RoomsFile } from './rooms-file.ts'
import type { RoomRecord } from './rooms-file.ts'

export interface RoomRegistryOptions {
  dataDir: string
  logger: Logger
  maxRooms?: number
  /** Wall clock, milliseconds. */
  now?: () => number
}

/** A new room with its secrets, which exist nowhere else from now on. */
export interface CreatedRoom {
  room: Room
  streamKey: string
  standbyKey: string
  publisherToken: string
}

/** A room, and which of its sources a stream key publishes. */
export interface KeyMatch {
  room: Room
  kind: PublisherKind
}

interface Entry {
  room: Room
  keyHash: string
  /** Null for a room from before there were standby keys, until it is given one. */
  standbyKeyHash: string | null
  tokenHash: string
  signingKey: SigningKey
}

const DEFAULT_MAX_ROOMS = 10_000

/** Rooms by id. `start()` reads them from DATA_DIR; changes are on disk before their promise resolves. */
export class RoomRegistry {
  readonly name = 'rooms'
  readonly #file: RoomsFile
  readonly #logger: Logger
  readonly #maxRooms: number
  readonly #now: () => number
  readonly #entries = new Map<string, Entry>()
  readonly #deleteListeners = new Set<(roomId: string) => void>()
  readonly #updateListeners = new Set<(room: Room) => void>()
  #absentHash = ''

  constructor(options: RoomRegistryOptions) {
    this.#file = new RoomsFile(options.dataDir)
    this.#logger = options.logger
    this.#maxRooms = options.maxRooms ?? DEFAULT_MAX_ROOMS
    this.#now = options.now ?? Date.now
  }

  /** Reads the rooms. Throws `state_corrupt` when the file is damaged. */
  async start(): Promise<void> {
    this.#absentHash = await hashSecret(createStreamKey('absent'))
    for (const record of await this.#file.read()) this.#entries.set(record.id, restoreEntry(record))
    this.#logger.info({ rooms: this.#entries.size }, 'rooms read')
  }

  /** Waits for what is being written. */
  close(): Promise<void> {
    return this.#file.settle()
  }

  get size(): number {
    return this.#entries.size
  }

  /** Makes a room; its key and token are returned here and never again. Throws `too_many_rooms`. */
  async create(
    options: { title?: string; streamingMode?: StreamingMode; isPrivate?: boolean } = {},
  ): Promise<CreatedRoom> {
    const id = createRoomId()
    const streamKey = createStreamKey(id)
    const standbyKey = createStreamKey(id)
    const publisherToken = createPublisherToken(id)
    const [keyHash, standbyKeyHash, tokenHash] = await Promise.all([
      hashSecret(streamKey),
      hashSecret(standbyKey),
      hashSecret(publisherToken),
    ])
    if (this.#entries.size >= this.#maxRooms || this.#entries.has(id)) {
      throw new HeadwaterError(
        'too_many_rooms',
        `there are ${this.#entries.size} rooms, no more than ${this.#maxRooms} are allowed`,
      )
    }
    const signingKey = createSigningKey()
    const room: Room = {
      id,
      title: cleanTitle(options.title ?? ''),
      streamingMode: options.streamingMode ?? 'rtmp',
      createdAtMs: this.#now(),
      publicKey: Buffer.from(signingKey.publicKey).toString('base64url'),
      settings: { ...DEFAULT_SETTINGS, isPrivate: options.isPrivate ?? false },
    }
    this.#entries.set(id, { room, keyHash, standbyKeyHash, tokenHash, signingKey })
    await this.#save(() => this.#entries.delete(id))
    this.#logger.info({ room: id }, 'room created')
    return { room, streamKey, standbyKey, publisherToken }
  }

  find(roomId: string): Room | undefined {
    return this.#entries.get(roomId)?.room
  }

  /** Throws `room_not_found`. */
  get(roomId: string): Room {
    return this.#entry(roomId).room
  }

  /** All rooms, oldest first. */
  list(): Room[] {
    return [...this.#entries.values()].map((entry) => entry.room)
  }

  /** Forgets a room and its keys. Throws `room_not_found`. */
  async delete(roomId: string): Promise<void> {
    const entry = this.#entry(roomId)
    this.#entries.delete(roomId)
    await this.#save(() => this.#entries.set(roomId, entry))
    this.#logger.info({ room: roomId }, 'room deleted')
    for (const listener of this.#deleteListeners) listener(roomId)
  }

  /** Changes the title or some of the settings. Throws `room_not_found`. */
  async update(roomId: string, changes: { title?: string; settings?: Partial<RoomSettings> }): Promise<Room> {
    const before = this.#entry(roomId).room
    const title = changes.title === undefined ? before.title : cleanTitle(changes.title)
    const room = { ...before, title, settings: { ...before.settings, ...changes.settings } }
    await this.#replace(roomId, { room })
    this.#logger.info({ room: roomId }, 'room settings changed')
    for (const listener of this.#updateListeners) listener(room)
    return room
  }

  /** A new stream key in place of the old one of that kind, which no longer opens a connection. Throws `room_not_found`. */
  async rotateKey(roomId: string, kind: PublisherKind = 'obs'): Promise<string> {
    const streamKey = createStreamKey(roomId)
    const hash = await hashSecret(streamKey)
    await this.#replace(roomId, kind === 'obs' ? { keyHash: hash } : { standbyKeyHash: hash })
    this.#logger.info({ room: roomId, kind }, 'stream key rotated')
    return streamKey
  }

  /** A new publisher token in place of the old one. Throws `room_not_found`. */
  async rotateToken(roomId: string): Promise<string> {
    const publisherToken = createPublisherToken(roomId)
    await this.#replace(roomId, { tokenHash: await hashSecret(publisherToken) })
    this.#logger.info({ room: roomId }, 'publisher token rotated')
    return publisherToken
  }

  /** The room a stream key opens and the source it publishes, or null. An unknown room takes as long as a wrong key. */
  async findByKey(key: string): Promise<KeyMatch | null> {
    const entry = this.#entries.get(findRoomIdInKey(key) ?? '')
    const [isPrimary, isStandby] = await Promise.all([
      verifySecret(key, entry?.keyHash ?? this.#absentHash),
      verifySecret(key, entry?.standbyKeyHash ?? this.#absentHash),
    ])
    // The key may have been rotated meanwhile.
    const now = entry && this.#entries.get(entry.room.id)
    if (isPrimary && now?.keyHash === entry?.keyHash) return now ? { room: now.room, kind: 'obs' } : null
    if (isStandby && now?.standbyKeyHash === entry?.standbyKeyHash)
      return now ? { room: now.room, kind: 'standby' } : null
    return null
  }

  /** The room a publisher token manages, or null. */
  async verifyToken(token: string): Promise<Room | null> {
    const entry = this.#entries.get(findRoomIdInToken(token) ?? '')
    const matches = await verifySecret(token, entry?.tokenHash ?? this.#absentHash)
    return matches && entry !== undefined ? entry.room : null
  }

  /** The pair of keys the room's parts are signed with. Throws `room_not_found`. */
  signingKey(roomId: string): SigningKey {
    return this.#entry(roomId).signingKey
  }

  /** Calls back after a room was deleted; returns the way to stop. */
  onDelete(listener: (roomId: string) => void): () => void {
    this.#deleteListeners.add(listener)
    return () => this.#deleteListeners.delete(listener)
  }

  /** Calls back after a room's title or settings were changed; returns the way to stop. */
  onUpdate(listener: (room: Room) => void): () => void {
    this.#updateListeners.add(listener)
    return () => this.#updateListeners.delete(listener)
  }

  #entry(roomId: string): Entry {
    const entry = this.#entries.get(roomId)
    if (entry === undefined) throw new HeadwaterError('room_not_found', 'there is no such room')
    return entry
  }

  async #replace(roomId: string, changes: Partial<Entry>): Promise<void> {
    const before = this.#entry(roomId)
    const after = { ...before, ...changes }
    this.#entries.set(roomId, after)
    await this.#save(() => {
      if (this.#entries.get(roomId) === after) this.#entries.set(roomId, before)
    })
  }

  /** Writes everything to disk; when that fails, takes the change back and throws. */
  async #save(undo: () => void): Promise<void> {
    try {
      await this.#file.write(() => [...this.#entries.values()].map(toRecord))
    } catch (error) {
      undo()
      throw error
    }
  }
}

function toRecord({ room, signingKey, ...hashes }: Entry): RoomRecord {
  const { id, title, streamingMode, createdAtMs, settings } = room
  const signingSeed = Buffer.from(signingKey.seed).toString('base64url')
  return { id, title, streamingMode, createdAtMs, settings, ...hashes, signingSeed }
}

function restoreEntry({ signingSeed, keyHash, standbyKeyHash, tokenHash, ...room }: RoomRecord): Entry {
  const signingKey = restoreSigningKey(Buffer.from(signingSeed, 'base64url'))
  const publicKey = Buffer.from(signingKey.publicKey).toString('base64url')
  return { room: { ...room, publicKey }, keyHash, standbyKeyHash, tokenHash, signingKey }
}
