/** The slates everybody has: a picture a language, made into a clip at first need and kept in DATA_DIR. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Logger } from '../../runtime/logger.ts'
import { packageRoot } from '../../runtime/package-root.ts'
import type { SlateLanguage } from '../room/room.ts'
import { encodeClip, parseClip, type SlateClip } from './clip.ts'
import { encodeSlate, ENCODER_VERSION } from './encode-slate.ts'
import { readSealedFile, writeSealedFile } from './sealed-file.ts'
import { recogniseSlateFile } from './slate-file.ts'

export interface BuiltInOptions {
  /** Where clips are kept. */
  folder: string
  logger: Logger
  signal: AbortSignal
}

export class BuiltInSlates {
  readonly #options: BuiltInOptions
  readonly #clips = new Map<SlateLanguage, Promise<SlateClip>>()

  constructor(options: BuiltInOptions) {
    this.#options = options
  }

  /** The clip; made once, and again at the next call when that failed. Rejects only where there is no ffmpeg that works. */
  clip(language: SlateLanguage): Promise<SlateClip> {
    const known = this.#clips.get(language)
    if (known) return known
    const made = this.#open(language)
    this.#clips.set(language, made)
    made.catch(() => this.#clips.delete(language))
    return made
  }

  async #open(language: SlateLanguage): Promise<SlateClip> {
    const { folder, logger, signal } = this.#options
    const picture = await readPicture(language)
    const file = path.join(folder, `built-in-${language}-${fingerprint(picture)}.flv`)
    const kept = await readSealedFile(file)
    if (kept) return parseClip(kept)
    const kind = recogniseSlateFile(picture)
    if (!kind) throw new Error(`the built-in slate ${language} is not a picture`)
    const clip = await encodeSlate(picture, kind, { signal })
    await writeSealedFile(file, encodeClip(clip)).catch((error: unknown) => {
      logger.warn({ err: error }, 'the built-in slate could not be kept: it is made again at the next start')
    })
    logger.info({ language }, 'built-in slate made')
    return clip
  }
}

/** A small picture of a built-in slate, as it is shipped. */
export function readPicture(language: SlateLanguage): Promise<Buffer> {
  return readFile(path.join(packageRoot(), 'origin', 'slate', 'assets', `${language}.png`))
}

/** Another picture, or another way to encode it, is another file. */
function fingerprint(picture: Buffer): string {
  return createHash('sha256').update(`${ENCODER_VERSION} `).update(picture).digest('hex').slice(0, 16)
}
