/** Who asks the API, and whether they may. */
import type { IncomingMessage } from 'node:http'
import { HeadwaterError } from '../../runtime/errors.ts'
import { canManage, parseBearer } from '../room/access.ts'
import type { Access, Identity } from '../room/access.ts'
import { ROOM_ID_PATTERN } from '../room/keys.ts'
import { isViewerToken, viewerTokenOf, type ViewerTokens } from '../../runtime/viewer-token.ts'
import type { Room } from '../room/room.ts'
import { clientAddress } from '../../runtime/http/client-address.ts'

export interface ApiGuardOptions {
  access: Access
  /** Whether X-Forwarded-For may be believed. */
  trustProxy?: boolean
  viewerTokens: ViewerTokens
}

export class ApiGuard {
  readonly #options: ApiGuardOptions

  constructor(options: ApiGuardOptions) {
    this.#options = options
  }

  /** Who asks; null when they do not say, or say by a viewer token that they watch. A wrong token is refused even where none is needed. */
  async identity(req: IncomingMessage): Promise<Identity | null> {
    if (req.headers.authorization === undefined) return null
    const token = parseBearer(req.headers.authorization)
    if (token === null)
      throw new HeadwaterError('unauthorized', 'the Authorization header is not `Bearer <token>`')
    if (isViewerToken(token)) return null
    return this.#options.access.identify(token, clientAddress(req, this.#options.trustProxy ?? false))
  }

  /** Who asks for what viewers of a room may see. Throws `viewer_token_required` or `viewer_token_invalid` where it is private. */
  async requireViewer(req: IncomingMessage, room: Pick<Room, 'id' | 'settings'>): Promise<Identity | null> {
    const identity = await this.identity(req)
    if (room.settings.isPrivate && !canManage(identity, room.id))
      this.#options.viewerTokens.check(viewerTokenOf(req), room.id, Date.now())
    return identity
  }

  /** Throws `unauthorized`, `too_many_requests`. */
  async requireIdentity(req: IncomingMessage): Promise<Identity> {
    const identity = await this.identity(req)
    if (identity !== null) return identity
    throw new HeadwaterError(
      'unauthorized',
      'this needs `Authorization: Bearer` with the admin or publisher token',
    )
  }

  /** Throws `forbidden` besides. */
  async requireAdmin(req: IncomingMessage): Promise<void> {
    const identity = await this.requireIdentity(req)
    if (identity.role !== 'admin') throw new HeadwaterError('forbidden', 'only the admin token can do this')
  }

  /** Throws `forbidden` whether the room exists or not: that is not told to those who may not manage it. */
  async requireManager(req: IncomingMessage, roomId: string): Promise<void> {
    const identity = await this.requireIdentity(req)
    if (!canManage(identity, roomId))
      throw new HeadwaterError('forbidden', 'this token does not manage this room')
  }
}

/** The room an address names. Throws `room_not_found` for what cannot be a room's id. */
export function roomParam(params: Record<string, string | undefined>): string {
  const roomId = params['room'] ?? ''
  if (!ROOM_ID_PATTERN.test(roomId)) throw new HeadwaterError('room_not_found', 'there is no such room')
  return roomId
}
