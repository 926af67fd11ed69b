/** Names, secrets and tokens of peers. Secrets are derived, not kept: they outlive a restart of the signalling. */
import { createHmac, randomBytes } from 'node:crypto'
import type { PeerId } from '../../cascade/peer-id.ts'
import { PEER_ID_BYTES } from '../../cascade/peer-id.ts'
import { encodeToken, MAX_TOKEN_LIFE_MS, parseFingerprint } from '../../cascade/token.ts'
import type { Sign } from '../../media/signature.ts'
import { secretsMatch } from '../../runtime/secrets.ts'

/** A room's: of its parts and tokens. */
export interface RoomKeys {
  seed: Uint8Array
  publicKey: Uint8Array
  sign: Sign
}

export interface TokenSubject {
  room: string
  program: string
  rendition: string
  peer: PeerId
  fingerprint: string
  maxChildren: number
}

export function createPeerId(): PeerId {
  return randomBytes(PEER_ID_BYTES).toString('hex')
}

/** Proves that a peer's name was given to whoever shows it: in this room, by who knows the room's seed. */
export function peerSecret(seed: Uint8Array, roomId: string, peer: PeerId): string {
  return createHmac('sha256', seed).update(`headwater/peer/1\0${roomId}\0${peer}`).digest('base64url')
}

export function isPeerSecret(claimed: string, expected: string): boolean {
  return secretsMatch(claimed, expected)
}

/** base64url. Good for as long as any token is. */
export function createToken(subject: TokenSubject, sign: Sign, wallNowMs: number): string {
  const { fingerprint, ...claims } = subject
  const expiresAtMs = Math.floor(wallNowMs) + MAX_TOKEN_LIFE_MS
  const token = encodeToken({ ...claims, fingerprint: parseFingerprint(fingerprint), expiresAtMs }, sign)
  return Buffer.from(token).toString('base64url')
}
