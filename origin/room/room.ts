/** A room: what it is to everyone, what is kept of it, and the pair of keys its parts are signed with. */

import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import type { Sign } from '../../media/signature.ts'

export const STREAMING_MODES = ['rtmp', 'webrtc', 'hybrid'] as const
export type StreamingMode = (typeof STREAMING_MODES)[number]

/** What anyone inside the origin may know of a room; nothing in it is secret. */
export interface Room {
  id: string
  title: string
  streamingMode: StreamingMode
  createdAtMs: number
  /** Ed25519 public key that the room's parts are checked with, base64url. */
  publicKey: string
  settings: RoomSettings
}

export const SLATE_LANGUAGES = ['zh-CN', 'en'] as const
export type SlateLanguage = (typeof SLATE_LANGUAGES)[number]

/** What a streamer may choose; null goes by the server's configuration. */
export interface RoomSettings {
  /** After how long without a publisher the slate begins; null adapts to how much reserve viewers have left, from 4 s. */
  slateAfterMs: number | null
  /** How long a program waits for its lost publisher. */
  reconnectWindowS: number | null
  /** Whether programs are recorded. */
  record: boolean | null
  /** Of the built-in slate. */
  slateLanguage: SlateLanguage
  /** Whether viewers may pass the stream on to each other. */
  cascade: boolean | null
  /** Whether viewers need a token. */
  isPrivate: boolean
}

export const DEFAULT_SETTINGS: RoomSettings = {
  slateAfterMs: null,
  reconnectWindowS: null,
  record: null,
  slateLanguage: 'en',
  cascade: null,
  isPrivate: false,
}

/** Smallest and largest value of a setting. */
export const SETTING_LIMITS = {
  slateAfterMs: { min: 500, max: 30_000 },
  reconnectWindowS: { min: 0, max: 1800 },
} as const

/** An Ed25519 key pair, 32 bytes each (RFC 8032 §5.1.5). */
export interface SigningKey {
  seed: Uint8Array
  publicKey: Uint8Array
}

export const MAX_TITLE_CHARACTERS = 120

// Control characters, and those that turn the direction of text around: a title must not rewrite what stands beside it.
const UNWANTED_IN_TITLES = /[\p{Cc}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu

/** A title as it is kept: without control characters, single spaces, trimmed. Its length is the caller's to check. */
export function cleanTitle(title: string): string {
  return title.replace(UNWANTED_IN_TITLES, ' ').replace(/\s+/g, ' ').trim()
}

/** The length of a title as a person counts it. */
export function countCharacters(title: string): number {
  return [...title].length
}

/** A new key pair for a room. */
export function createSigningKey(): SigningKey {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  return { seed: Buffer.from(d, 'base64url'), publicKey: Buffer.from(x, 'base64url') }
}

/** The key pair of a seed that was kept. Throws when it is not one. */
export function restoreSigningKey(seed: Uint8Array): SigningKey {
  const { x = '' } = createPublicKey(privateKeyOf(seed)).export({ format: 'jwk' })
  return { seed, publicKey: Buffer.from(x, 'base64url') }
}

/** Signs with a room's key (Ed25519, by Node's own implementation). */
export function signerOf({ seed }: SigningKey): Sign {
  const key = privateKeyOf(seed)
  return (message) => sign(null, message, key)
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  // PKCS #8 wrapping of a raw Ed25519 seed (RFC 8410 §7): fixed bytes, then the 32 of the seed.
  const wrapping = Buffer.from('302e020100300506032b657004220420', 'hex')
  return createPrivateKey({ key: Buffer.concat([wrapping, seed]), format: 'der', type: 'pkcs8' })
}
