/** Which clip a room shows while its publisher is away: its own, or the built-in one of its language. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Logger } from '../../runtime/logger.ts'
import { BuiltInSlates, SLATE_LANGUAGES, type SlateLanguage } from './built-in.ts'
import type { SlateClip } from './clip.ts'

export interface SlatesOptions {
  dataDir: string
  /** The language of a room's built-in slate. */
  languageOf: (roomId: string) => SlateLanguage
  logger: Logger
}

export class Slates {
  readonly name = 'slates'
  readonly #options: SlatesOptions
  readonly #folder: string
  readonly #builtIn: BuiltInSlates
  readonly #closing = new AbortController()
  #warming: Promise<unknown> = Promise.resolve()

  constructor(options: SlatesOptions) {
    this.#options = options
    this.#folder = path.join(options.dataDir, 'slates')
    const { logger } = options
    this.#builtIn = new BuiltInSlates({ folder: this.#folder, logger, signal: this.#closing.signal })
  }

  /** Makes the built-in clips in the background, so that no outage waits for an encoder. */
  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    this.#warming = this.#warm()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#warming
  }

  /** The room's clip; at once but for the very first calls after the very first start. Rejects only where ffmpeg does not work. */
  async clip(roomId: string): Promise<SlateClip> {
    return this.#builtIn.clip(this.#options.languageOf(roomId))
  }

  async #warm(): Promise<void> {
    for (const language of SLATE_LANGUAGES) {
      await this.#builtIn.clip(language).catch((error: unknown) => {
        if (!this.#closing.signal.aborted)
          this.#options.logger.warn({ err: error, language }, 'the built-in slate could not be made')
      })
    }
  }
}
