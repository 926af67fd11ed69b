/** All rooms of the origin, in memory and on disk; the only one that sees hashes of secrets and signing seeds. */

import { HeadwaterError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import {
  createPublisherToken,
  createRoomId,
  createStreamKey,
  findRoomIdInKey,
  findRoomIdInToken,
  hashSecret,
  verifySecret,
} from './keys.ts'
import { cleanTitle, createSigningKey, restoreSigningKey } from './room.ts'
import type { Room, SigningKey, StreamingMode } from './room.ts'
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
  publisherToken: string
}

interface Entry {
  room: Room
  keyHash: string
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
  async create(options: { title?: string; streamingMode?: StreamingMode } = {}): Promise<CreatedRoom> {
    const id = createRoomId()
    const streamKey = createStreamKey(id)
    const publisherToken = createPublisherToken(id)
    const [keyHash, tokenHash] = await Promise.all([hashSecret(streamKey), hashSecret(publisherToken)])
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
    }
    this.#entries.set(id, { room, keyHash, tokenHash, signingKey })
    await this.#save(() => this.#entries.delete(id))
    this.#logger.info({ room: id }, 'room created')
    return { room, streamKey, publisherToken }
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

  /** A new stream key in place of the old one, which no longer opens a connection. Throws `room_not_found`. */
  async rotateKey(roomId: string): Promise<string> {
    const streamKey = createStreamKey(roomId)
    await this.#replace(roomId, { keyHash: await hashSecret(streamKey) })
    this.#logger.info({ room: roomId }, 'stream key rotated')
    return streamKey
  }

  /** A new publisher token in place of the old one. Throws `room_not_found`. */
  async rotateToken(roomId: string): Promise<string> {
    const publisherToken = createPublisherToken(roomId)
    await this.#replace(roomId, { tokenHash: await hashSecret(publisherToken) })
    this.#logger.info({ room: roomId }, 'publisher token rotated')
    return publisherToken
  }

  /** Whether `key` (whole: `{room_id}_{secret}`) is the room's stream key. An unknown room takes as long as a wrong key. */
  async verifyKey(roomId: string, key: string): Promise<boolean> {
    const entry = this.#entries.get(roomId)
    const matches = await verifySecret(key, entry?.keyHash ?? this.#absentHash)
    // The key may have been rotated meanwhile.
    return matches && entry !== undefined && this.#entries.get(roomId)?.keyHash === entry.keyHash
  }

  /** The room a stream key opens, or null. */
  async findByKey(key: string): Promise<Room | null> {
    const roomId = findRoomIdInKey(key)
    return roomId !== null && (await this.verifyKey(roomId, key)) ? (this.find(roomId) ?? null) : null
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

function toRecord({ room, keyHash, tokenHash, signingKey }: Entry): RoomRecord {
  const { id, title, streamingMode, createdAtMs } = room
  const signingSeed = Buffer.from(signingKey.seed).toString('base64url')
  return { id, title, streamingMode, createdAtMs, keyHash, tokenHash, signingSeed }
}

function restoreEntry(record: RoomRecord): Entry {
  const { id, title, streamingMode, createdAtMs, keyHash, tokenHash } = record
  const signingKey = restoreSigningKey(Buffer.from(record.signingSeed, 'base64url'))
  const publicKey = Buffer.from(signingKey.publicKey).toString('base64url')
  return { room: { id, title, streamingMode, createdAtMs, publicKey }, keyHash, tokenHash, signingKey }
}
