/** Room ids, stream keys and publisher tokens: how they are made, taken apart, hashed and checked. */

import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'

/** What a room id must look like to be asked for; those made here are 10 characters of a-z and 0-9. */
export const ROOM_ID_PATTERN = /^[A-Za-z0-9_-]{3,64}$/

const ROOM_ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'
const ROOM_ID_LENGTH = 10
const SECRET_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
// 24 characters of base62 are 142 bits: nobody guesses one.
const SECRET_LENGTH = 24
const SALT_BYTES = 16
// Longer than any key or token of ours: what comes from outside is not hashed without a bound.
const MAX_CLAIM_LENGTH = 256
const TOKEN_PREFIX = 'hwp-'

/** A new public room id. */
export function createRoomId(): string {
  return randomText(ROOM_ID_ALPHABET, ROOM_ID_LENGTH)
}

/** A new stream key, `{room_id}_{secret}`. */
export function createStreamKey(roomId: string): string {
  return `${roomId}_${randomText(SECRET_ALPHABET, SECRET_LENGTH)}`
}

/** A new publisher token, `hwp-{room_id}_{secret}`: it names its room, so checking one never searches all rooms. */
export function createPublisherToken(roomId: string): string {
  return `${TOKEN_PREFIX}${roomId}_${randomText(SECRET_ALPHABET, SECRET_LENGTH)}`
}

/** The room a stream key claims to be of, or null when it does not look like a stream key. */
export function findRoomIdInKey(key: string): string | null {
  const roomId = /^(.{3,64})_[A-Za-z0-9]{20,64}$/.exec(key)?.[1]
  return roomId !== undefined && ROOM_ID_PATTERN.test(roomId) ? roomId : null
}

/** The room a publisher token claims to be of, or null when it does not look like a publisher token. */
export function findRoomIdInToken(token: string): string | null {
  return token.startsWith(TOKEN_PREFIX) ? findRoomIdInKey(token.slice(TOKEN_PREFIX.length)) : null
}

/**
 * A secret as it is kept: `sha256$salt$digest`. A fast hash is enough because the secrets are random and long, not
 * chosen by people: there is no list of likely ones to try, and publishers must not wait for (nor attackers cause) a slow one.
 */
export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  return `sha256$${salt.toString('base64url')}$${digest(secret, salt).toString('base64url')}`
}

/** Whether `claimed` is the secret `kept` was made from; takes the same time whatever the answer is. */
export async function verifySecret(claimed: string, kept: string): Promise<boolean> {
  const [algorithm, salt, expected] = kept.split('$')
  if (algorithm !== 'sha256' || salt === undefined || expected === undefined) return false
  const actual = digest(claimed.slice(0, MAX_CLAIM_LENGTH), Buffer.from(salt, 'base64url'))
  const wanted = Buffer.from(expected, 'base64url')
  return (
    wanted.length === actual.length && timingSafeEqual(actual, wanted) && claimed.length <= MAX_CLAIM_LENGTH
  )
}

function digest(secret: string, salt: Buffer): Buffer {
  return createHash('sha256').update(salt).update(secret).digest()
}

function randomText(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('')
}
