/** Short-lived tokens that let viewers into a private room: signed by the cluster's secret, checked without asking anybody. */
import { createHmac } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { HeadwaterError } from './errors.ts'
import { secretsMatch } from './secrets.ts'

/** Seconds a token may live. */
export const VIEWER_TOKEN_TTL_S = { min: 60, max: 7 * 24 * 3600, default: 12 * 3600 } as const
/** The cookie that holds one, below a path of its room. */
export const VIEWER_COOKIE = 'headwater_viewer'

/** The cookie for the signalling, whose one address serves all rooms. */
export function signallingCookie(roomId: string): string {
  return `${VIEWER_COOKIE}_${roomId}`
}

/** Expiry in seconds since 1970, then the MAC: characters that need no escaping in paths, cookies and fragments. */
const TOKEN = /^v1\.(\d{10,11})\.([A-Za-z0-9_-]{43})$/

export class ViewerTokens {
  readonly #key: Buffer

  /** Of one cluster, all make and take the same. */
  constructor(clusterSecret: string) {
    this.#key = createHmac('sha256', clusterSecret).update('headwater viewer tokens 1').digest()
  }

  /** `expiresAtMs`: since 1970, kept in whole seconds. */
  sign(roomId: string, expiresAtMs: number): string {
    const expires = `${Math.floor(expiresAtMs / 1000)}`
    return `v1.${expires}.${this.#mac(roomId, expires)}`
  }

  /** When a room's token runs out, ms since 1970. Throws `viewer_token_required` where there is none, `viewer_token_invalid` for any other and later. */
  check(token: string | null, roomId: string, nowMs: number): number {
    if (token === null)
      throw new HeadwaterError('viewer_token_required', 'this room is private: it takes a viewer token')
    const [, expires = '', mac = ''] = TOKEN.exec(token) ?? []
    const expiresAtMs = Number(expires) * 1000
    if (mac !== '' && secretsMatch(mac, this.#mac(roomId, expires)) && nowMs < expiresAtMs) return expiresAtMs
    // One message for all: whoever has no right to the room need not learn why.
    const message = 'this viewer token has run out, or is not for this room'
    throw new HeadwaterError('viewer_token_invalid', message)
  }

  /** Whether it lets into the room now. */
  isValid(token: string | null, roomId: string, nowMs: number): boolean {
    try {
      this.check(token, roomId, nowMs)
      return true
    } catch {
      return false
    }
  }

  #mac(roomId: string, expires: string): string {
    return createHmac('sha256', this.#key).update(`${roomId}\n${expires}`).digest('base64url')
  }
}

/** Whether a bearer's token is of this kind, valid or not. */
export function isViewerToken(token: string): boolean {
  return TOKEN.test(token)
}

/** What a request brings besides its path: `Authorization: Bearer`, else the cookie of that name. */
export function viewerTokenOf(req: Pick<IncomingMessage, 'headers'>, cookie = VIEWER_COOKIE): string | null {
  const bearer = /^Bearer +(\S{1,256})$/i.exec(req.headers.authorization ?? '')?.[1]
  if (bearer !== undefined) return bearer
  for (const pair of (req.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === cookie) return pair.slice(at + 1).trim()
  }
  return null
}
