/** Who may see a room's recordings: those who manage it, those with a signed link to one, or everybody where they are public. */
import type { IncomingMessage } from 'node:http'
import { HeadwaterError } from '../../runtime/errors.ts'
import type { RecordingLinks } from '../recording/links.ts'
import type { ApiGuard } from './api-guard.ts'

export interface RecordingAccessOptions {
  guard: ApiGuard
  links: RecordingLinks
  /** Anyone may list and watch those of this room. */
  isPublic: (roomId: string) => boolean
}

export class RecordingAccess {
  readonly #options: RecordingAccessOptions

  constructor(options: RecordingAccessOptions) {
    this.#options = options
  }

  isPublic(roomId: string): boolean {
    return this.#options.isPublic(roomId)
  }

  /** Throws `unauthorized` or `forbidden` for those who may not manage the room. */
  requireManager(req: IncomingMessage, roomId: string): Promise<void> {
    return this.#options.guard.requireManager(req, roomId)
  }

  /** Whether the caller manages the room. Throws for those who may not even see its recordings, and for wrong tokens. */
  async mayManage(req: IncomingMessage, roomId: string): Promise<boolean> {
    if (this.isPublic(roomId) && req.headers.authorization === undefined) return false
    await this.requireManager(req, roomId)
    return true
  }

  /** Throws unless one recording may be read. `link` is what the address says under `access`. */
  async check(
    req: IncomingMessage,
    recording: { roomId: string; programId: string },
    link: string | null,
  ): Promise<void> {
    if (link !== null) {
      if (this.#options.links.isValid(link, recording, Date.now())) return
      throw new HeadwaterError(
        'forbidden',
        'this link has run out or is not for this recording; ask for the list again',
      )
    }
    if (!this.isPublic(recording.roomId)) await this.requireManager(req, recording.roomId)
  }
}
