/** Signed links to one recording: what may stand in an address, because it opens nothing else and not for long. */
import { createHmac } from 'node:crypto'
import { secretsMatch } from '../../runtime/secrets.ts'

export const LINK_LIFETIME_MS = 6 * 3600 * 1000
const LINK = /^(\d{10,13})\.([A-Za-z0-9_-]{43})$/

export class RecordingLinks {
  readonly #key: Buffer

  /** The cluster's secret is the root: every origin of one cluster takes every other's links. */
  constructor(clusterSecret: string) {
    this.#key = createHmac('sha256', clusterSecret).update('headwater recording links 1').digest()
  }

  /** The value of `access` in the addresses of one recording. */
  sign(roomId: string, programId: string, nowMs: number): string {
    const expiresAtMs = nowMs + LINK_LIFETIME_MS
    return `${expiresAtMs}.${this.#mac(roomId, programId, `${expiresAtMs}`)}`
  }

  isValid(
    access: string,
    { roomId, programId }: { roomId: string; programId: string },
    nowMs: number,
  ): boolean {
    const [, expiresAtMs = '', mac = ''] = LINK.exec(access) ?? []
    if (mac === '' || !secretsMatch(mac, this.#mac(roomId, programId, expiresAtMs))) return false
    return nowMs < Number(expiresAtMs)
  }

  #mac(roomId: string, programId: string, expiresAtMs: string): string {
    return createHmac('sha256', this.#key)
      .update(`${roomId}\n${programId}\n${expiresAtMs}`)
      .digest('base64url')
  }
}
