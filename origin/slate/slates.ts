/** Which clip a room shows while its publisher is away: its own, or the built-in one of its language. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Logger } from '../../runtime/logger.ts'
import { DEFAULT_SETTINGS, type Room } from '../room/room.ts'
import { BuiltInSlates } from './built-in.ts'
import type { SlateClip } from './clip.ts'

export interface SlatesOptions {
  dataDir: string
  rooms: SlateRooms
  logger: Logger
}

/** What is asked of the rooms. */
export interface SlateRooms {
  find(roomId: string): Pick<Room, 'settings'> | undefined
  list(): Pick<Room, 'settings'>[]
  onUpdate(listener: (room: Room) => void): () => void
}

export class Slates {
  readonly name = 'slates'
  readonly #options: SlatesOptions
  readonly #folder: string
  readonly #builtIn: BuiltInSlates
  readonly #closing = new AbortController()
  #warming: Promise<unknown> = Promise.resolve()
  #stopListening: () => void = () => {}

  constructor(options: SlatesOptions) {
    this.#options = options
    this.#folder = path.join(options.dataDir, 'slates')
    const { logger } = options
    this.#builtIn = new BuiltInSlates({ folder: this.#folder, logger, signal: this.#closing.signal })
  }

  /** Makes the built-in clips that rooms use in the background, so that no outage waits for an encoder. */
  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    this.#warming = this.#warm()
    this.#stopListening = this.#options.rooms.onUpdate(() => {
      this.#warming = this.#warming.then(() => this.#warm())
    })
  }

  async close(): Promise<void> {
    this.#stopListening()
    this.#closing.abort()
    await this.#warming
  }

  /** The room's clip; at once but for the very first calls after the very first start. Rejects only where ffmpeg does not work. */
  async clip(roomId: string): Promise<SlateClip> {
    const { slateLanguage } = this.#options.rooms.find(roomId)?.settings ?? DEFAULT_SETTINGS
    return this.#builtIn.clip(slateLanguage)
  }

  async #warm(): Promise<void> {
    const inUse = this.#options.rooms.list().map(({ settings }) => settings.slateLanguage)
    for (const language of new Set([DEFAULT_SETTINGS.slateLanguage, ...inUse])) {
      await this.#builtIn.clip(language).catch((error: unknown) => {
        if (!this.#closing.signal.aborted)
          this.#options.logger.warn({ err: error, language }, 'the built-in slate could not be made')
      })
    }
  }
}
