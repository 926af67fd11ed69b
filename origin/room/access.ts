/** Who a token makes its bearer: the admin, the publisher of one room, or nobody. */

import { HeadwaterError } from '../../runtime/errors.ts'
import { secretsMatch } from '../../runtime/secrets.ts'
import { FailureLimiter } from './failure-limiter.ts'
import type { Room } from './room.ts'

export type Identity = { role: 'admin' } | { role: 'publisher'; roomId: string }

export interface AccessOptions {
  adminToken: string
  rooms: { verifyToken(token: string): Promise<Room | null> }
  limiter?: FailureLimiter
}

/** Tells tokens apart; an address that fails too often is not listened to for a while. */
export class Access {
  readonly #options: AccessOptions
  readonly #limiter: FailureLimiter

  constructor(options: AccessOptions) {
    this.#options = options
    this.#limiter = options.limiter ?? new FailureLimiter()
  }

  /** Whose token this is. Throws `unauthorized` for nobody's, `too_many_requests` after too many of those. */
  async identify(token: string, address: string): Promise<Identity> {
    const waitMs = this.#limiter.waitMs(address)
    if (waitMs > 0) {
      const message = `too many wrong tokens from this address; try again in ${Math.ceil(waitMs / 1000)} s`
      throw new HeadwaterError('too_many_requests', message)
    }
    if (secretsMatch(token, this.#options.adminToken)) return { role: 'admin' }
    const room = await this.#options.rooms.verifyToken(token)
    if (room !== null) return { role: 'publisher', roomId: room.id }
    this.#limiter.note(address)
    throw new HeadwaterError('unauthorized', 'the token is not valid')
  }
}

/** Whether the identity manages the room. */
export function canManage(identity: Identity | null, roomId: string): boolean {
  return identity !== null && (identity.role === 'admin' || identity.roomId === roomId)
}

/** The token of an `Authorization: Bearer` header (RFC 6750 §2.1), or null when there is no such header. */
export function parseBearer(header: string | undefined): string | null {
  return /^Bearer +([\x21-\x7e]{1,512})$/i.exec(header ?? '')?.[1] ?? null
}
