/** The vectors of the cascade's frames and tokens, for generate.ts; cascade/vectors.test.ts reads them. */
import { cutChunks } from '../../cascade/chunk.ts'
import { encodeFrame } from '../../cascade/frame/codec.ts'
import type { Frame } from '../../cascade/frame/frame.ts'
import { encodeToken, parseToken, TOKEN_DOMAIN, type TokenClaims } from '../../cascade/token.ts'
import { signingInput } from '../../media/signature.ts'
import { SMALL_VIDEO, smallPart, TEST_PUBLIC_KEY, TEST_SECRET_KEY, testSign } from '../support/small-part.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const PEER = '0011223344556677'
const PARENT = '8899aabbccddeeff'
const ROOT = 'f0e1d2c3b4a59687'
const CLAIMS: TokenClaims = {
  room: 'room-1',
  program: 'p1a2b3c4',
  rendition: '720p',
  peer: PEER,
  fingerprint: Uint8Array.from({ length: 32 }, (_, at) => 0xa0 + at),
  expiresAtMs: 1_700_000_130_000,
  maxChildren: 8,
}

export function cascadeVectors(): object {
  const token = encodeToken(CLAIMS, testSign)
  const { signed, signature } = parseToken(token)
  return {
    secretKey: hex(TEST_SECRET_KEY),
    publicKey: hex(TEST_PUBLIC_KEY),
    frames: Object.entries(frames(token)).map(([name, frame]) => ({
      name,
      frame: withHex(frame),
      bytes: hex(encodeFrame(frame)),
    })),
    token: {
      claims: withHex(CLAIMS),
      signingInput: hex(signingInput(signed, TOKEN_DOMAIN)),
      signature: hex(signature),
      bytes: hex(token),
    },
  }
}

/** The first of each kind is shown in docs/cascade-frames.md. */
function frames(token: Uint8Array): Record<string, Frame> {
  const part = cutChunks(smallPart(SMALL_VIDEO, 40))
  const [first = new Uint8Array(0)] = part.chunks
  const holding = { track: 0, newest: 40, bitmap: 0b1011 }
  return {
    META: { type: 'meta', track: 0, number: 40, signed: part.signed, signature: part.signature },
    DATA: { type: 'data', track: 0, number: 40, chunk: 0, chunkCount: part.chunks.length, bytes: first },
    'DATA, a later chunk of another track': {
      type: 'data',
      track: 1,
      number: 0x01020304,
      chunk: 255,
      chunkCount: 256,
      bytes: Uint8Array.of(1, 2, 3),
    },
    HAVE: {
      type: 'have',
      sequence: 300,
      received: 298,
      sentAtMs: 15_000,
      echo: { sentAtMs: 14_920, heldMs: 31 },
      spareKbps: 6000,
      holdings: [holding, { track: 1, newest: 41, bitmap: 0xffffffff }],
    },
    'HAVE, the first': {
      type: 'have',
      sequence: 0,
      received: 0,
      sentAtMs: 0xffffffff,
      echo: null,
      spareKbps: 0,
      holdings: [],
    },
    NACK: {
      type: 'nack',
      wants: [
        { track: 0, number: 40, needsMeta: false, chunks: [1, 3, 8] },
        { track: 1, number: 41, needsMeta: true, chunks: null },
      ],
    },
    'NACK, META alone': {
      type: 'nack',
      wants: [{ track: 0, number: 40, needsMeta: true, chunks: [] }],
    },
    SUBSCRIBE: {
      type: 'subscribe',
      stripes: 0b11110,
      from: 40,
      program: 'p1a2b3c4',
      rendition: '720p',
      token,
    },
    'SUBSCRIBE, again': {
      type: 'subscribe',
      stripes: 0b11111,
      from: 48,
      program: 'p1a2b3c4',
      rendition: '720p',
      token: new Uint8Array(0),
    },
    GRANT: { type: 'grant', depth: 2, path: [PARENT, ROOT] },
    'GRANT of a root': { type: 'grant', depth: 0, path: [] },
    DENY: { type: 'deny', reason: 'full' },
    HOLD: { type: 'hold', forMs: 400 },
    SKIP: { type: 'skip', track: 0, from: 40, to: 48, reason: 'pressure' },
    BYE: { type: 'bye', reason: 'leaving', alternative: PARENT },
    'BYE without another parent': { type: 'bye', reason: 'refused', alternative: null },
  }
}

/** Fields that are bytes, in hexadecimal. */
function withHex(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Uint8Array ? hex(value) : value]),
  )
}
