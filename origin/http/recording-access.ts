/** Who may see a room's recordings: those who manage it, those with a signed link to one, or everybody where they are public. */
import type { IncomingMessage } from 'node:http'
import { HeadwaterError } from '../../runtime/errors.ts'
import type { RecordingLinks } from '../recording/links.ts'
import { canManage, parseBearer, type Access } from '../room/access.ts'
import { clientAddress } from './client-address.ts'

export interface RecordingAccessOptions {
  access: Access
  links: RecordingLinks
  /** Anyone may list and watch. */
  isPublic: boolean
  trustProxy: boolean
}

export class RecordingAccess {
  readonly #options: RecordingAccessOptions

  constructor(options: RecordingAccessOptions) {
    this.#options = options
  }

  get isPublic(): boolean {
    return this.#options.isPublic
  }

  /** Throws `unauthorized` or `forbidden` for those who may not manage the room. */
  async requireManager(req: IncomingMessage, roomId: string): Promise<void> {
    const { access, trustProxy } = this.#options
    const { authorization } = req.headers
    const token = parseBearer(authorization)
    if (token === null) {
      const message = 'this needs `Authorization: Bearer` with the admin or publisher token'
      throw new HeadwaterError('unauthorized', message)
    }
    const identity = await access.identify(token, clientAddress(req, trustProxy))
    if (!canManage(identity, roomId))
      throw new HeadwaterError('forbidden', 'this token does not manage this room')
  }

  /** Whether the caller manages the room. Throws for those who may not even see its recordings, and for wrong tokens. */
  async mayManage(req: IncomingMessage, roomId: string): Promise<boolean> {
    if (this.#options.isPublic && req.headers.authorization === undefined) return false
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
    if (!this.#options.isPublic) await this.requireManager(req, recording.roomId)
  }
}
