/**
 * A join token: the origin's word that this peer may take this stream from whoever it is sent to. A parent checks it by itself.
 * Little endian, as frames are; byte layout: docs/cascade-frames.md.
 */
import { asciiBytes, concatBytes } from '../media/bytes.ts'
import { MAX_NAME_BYTES, SIGNATURE_BYTES } from '../media/part.ts'
import { signingInput, type Sign, type Signed } from '../media/signature.ts'
import { atMost, FrameError } from './frame/frame-error.ts'
import { FrameReader } from './frame/reader.ts'
import { FrameWriter } from './frame/writer.ts'
import { PEER_ID_BYTES, type PeerId } from './peer-id.ts'
import type { Verifier } from './verifier.ts'

export interface TokenClaims {
  room: string
  program: string
  rendition: string
  /** Who may join. */
  peer: PeerId
  /** SHA-256 of the certificate it joins with, 32 bytes. */
  fingerprint: Uint8Array
  /** Wall clock, ms since 1970. */
  expiresAtMs: number
  /** How many children it may have itself. */
  maxChildren: number
}

export interface ParsedToken extends Signed {
  claims: TokenClaims
}

/** What a parent knows of who shows it a token. */
export interface TokenExpectation extends Pick<TokenClaims, 'room' | 'program' | 'rendition' | 'peer'> {
  /** Of the link it came over, as `Transport.remoteFingerprint`. */
  remoteFingerprint: string
  /** Wall clock, ms since 1970. */
  nowMs: number
}

export type TokenFault =
  'room' | 'program' | 'rendition' | 'peer' | 'fingerprint' | 'expired' | 'too_long' | 'signature'

/** No token is good for longer. */
export const MAX_TOKEN_LIFE_MS = 120_000
/** By so much the clocks of parent and origin may differ. */
export const TOKEN_SKEW_MS = 30_000
/** Keeps the signature over a token from being taken for one over a part, and the other way round. */
export const TOKEN_DOMAIN: Uint8Array = asciiBytes('headwater/token/1\0')

const VERSION = 1
const FINGERPRINT_BYTES = 32
const FIXED_BYTES = 1 + PEER_ID_BYTES + FINGERPRINT_BYTES + 8 + 2
const MAX_U16 = 0xffff

/** Throws `FrameError` where a claim is longer than a token can say. */
export function encodeToken(claims: TokenClaims, sign: Sign): Uint8Array {
  const names = [claims.room, claims.program, claims.rendition]
  let length = FIXED_BYTES
  for (const name of names) length += 1 + atMost(name.length, MAX_NAME_BYTES, 'length of a name')
  if (claims.fingerprint.length !== FINGERPRINT_BYTES)
    throw new FrameError(`fingerprint of ${claims.fingerprint.length} bytes`)
  const writer = new FrameWriter(new Uint8Array(length), 0)
  writer.u8(VERSION)
  writer.peerId(claims.peer)
  writer.put(claims.fingerprint)
  writer.u64(atMost(claims.expiresAtMs, Number.MAX_SAFE_INTEGER, 'expiry'))
  writer.u16(atMost(claims.maxChildren, MAX_U16, 'children'))
  for (const name of names) writer.text(name)
  return concatBytes([writer.bytes, sign(signingInput(writer.bytes, TOKEN_DOMAIN))])
}

/** Reads a token, and says nothing about whether it is good. `signed` and `signature` are views. Throws `FrameError`. */
export function parseToken(bytes: Uint8Array): ParsedToken {
  const reader = new FrameReader(bytes, 0)
  const version = reader.u8()
  if (version !== VERSION) throw new FrameError(`token version ${version}, only ${VERSION} is known`)
  const peer = reader.peerId()
  const fingerprint = reader.take(FINGERPRINT_BYTES)
  const expiresAtMs = reader.u64()
  const maxChildren = reader.u16()
  const room = reader.text(MAX_NAME_BYTES)
  const program = reader.text(MAX_NAME_BYTES)
  const rendition = reader.text(MAX_NAME_BYTES)
  const signed = bytes.subarray(0, reader.position)
  const signature = reader.take(SIGNATURE_BYTES)
  reader.end()
  const claims = { room, program, rendition, peer, fingerprint, expiresAtMs, maxChildren }
  return { claims, signed, signature }
}

/** What is wrong with a token; null where nothing is. At once where the verifier answers at once. Does not throw. */
export function checkToken(
  token: ParsedToken,
  expected: TokenExpectation,
  verifier: Pick<Verifier, 'verifyToken'>,
): TokenFault | null | Promise<TokenFault | null> {
  const fault = findFault(token.claims, expected)
  if (fault) return fault
  const answer = verifier.verifyToken(token.signed, token.signature)
  return typeof answer === 'boolean' ? faultOf(answer) : answer.then(faultOf, () => 'signature')
}

/** As SDP writes it (RFC 8122, 5): `AB:CD:…`. */
export function formatFingerprint(fingerprint: Uint8Array): string {
  return Array.from(fingerprint, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(':')
}

/** Throws `FrameError` where it is no SHA-256. */
export function parseFingerprint(text: string): Uint8Array {
  if (!/^(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$/.test(text))
    throw new FrameError(`fingerprint of ${text.length} characters, not 32 bytes in hex`)
  return Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16))
}

function findFault(claims: TokenClaims, expected: TokenExpectation): TokenFault | null {
  if (claims.room !== expected.room) return 'room'
  if (claims.program !== expected.program) return 'program'
  if (claims.rendition !== expected.rendition) return 'rendition'
  if (claims.peer !== expected.peer) return 'peer'
  if (formatFingerprint(claims.fingerprint) !== expected.remoteFingerprint.toUpperCase()) return 'fingerprint'
  const leftMs = claims.expiresAtMs - expected.nowMs
  if (!(leftMs > -TOKEN_SKEW_MS)) return 'expired'
  return leftMs > MAX_TOKEN_LIFE_MS + TOKEN_SKEW_MS ? 'too_long' : null
}

function faultOf(isSigned: boolean): TokenFault | null {
  return isSigned ? null : 'signature'
}
