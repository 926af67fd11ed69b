import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TEST_PUBLIC_KEY, testSign } from '../tests/support/small-part.ts'
import { MAX_NAME_BYTES } from '../media/part.ts'
import { signingInput } from '../media/signature.ts'
import { MAX_TOKEN_BYTES } from './frame/frame.ts'
import { FrameError } from './frame/frame-error.ts'
import { createJsVerifier } from './js-verifier.ts'
import { PEER_ID_PATTERN } from './peer-id.ts'
import {
  checkToken,
  encodeToken,
  formatFingerprint,
  MAX_TOKEN_LIFE_MS,
  parseFingerprint,
  parseToken,
  TOKEN_SKEW_MS,
  type TokenClaims,
  type TokenExpectation,
} from './token.ts'

const NOW_MS = 1_700_000_000_000
const CLAIMS: TokenClaims = {
  room: 'room-1',
  program: 'p1a2b3c4',
  rendition: '720p',
  peer: '0011223344556677',
  fingerprint: Uint8Array.from({ length: 32 }, (_, at) => at),
  expiresAtMs: NOW_MS + 60_000,
  maxChildren: 8,
}
const EXPECTED: TokenExpectation = {
  room: 'room-1',
  program: 'p1a2b3c4',
  rendition: '720p',
  peer: '0011223344556677',
  remoteFingerprint: formatFingerprint(CLAIMS.fingerprint),
  nowMs: NOW_MS,
}
const verifier = createJsVerifier(TEST_PUBLIC_KEY)
const token = encodeToken(CLAIMS, testSign)

const name = fc.stringMatching(/^[!-~]{0,64}$/)
const anyClaims: fc.Arbitrary<TokenClaims> = fc.record({
  room: name,
  program: name,
  rendition: name,
  peer: fc.stringMatching(PEER_ID_PATTERN),
  fingerprint: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  expiresAtMs: fc.maxSafeNat(),
  maxChildren: fc.nat({ max: 0xffff }),
})

/** The token, or the FrameError; anything else thrown is thrown on. */
function attempt(bytes: Uint8Array): unknown {
  try {
    return parseToken(bytes)
  } catch (error) {
    if (error instanceof FrameError) return error
    throw error
  }
}

describe('a token', () => {
  it('is read as it was written, and fits into SUBSCRIBE', () => {
    const sign = (): Uint8Array => new Uint8Array(64)
    fc.assert(
      fc.property(anyClaims, (claims) => {
        const bytes = encodeToken(claims, sign)
        expect(bytes.length).toBeLessThanOrEqual(MAX_TOKEN_BYTES)
        expect(parseToken(bytes).claims).toEqual(claims)
      }),
    )
    const longest = 'x'.repeat(MAX_NAME_BYTES)
    const names = { room: longest, program: longest, rendition: longest }
    expect(encodeToken({ ...CLAIMS, ...names }, sign).length).toBeLessThanOrEqual(MAX_TOKEN_BYTES)
  })

  it.each<[string, Partial<TokenClaims>]>([
    ['a room longer than any', { room: 'x'.repeat(MAX_NAME_BYTES + 1) }],
    ['a fingerprint of another hash', { fingerprint: new Uint8Array(20) }],
    ['an expiry that is none', { expiresAtMs: Number.NaN }],
    ['more children than the field holds', { maxChildren: 0x10000 }],
  ])('is not written with %s', (_, change) => {
    expect(() => encodeToken({ ...CLAIMS, ...change }, testSign)).toThrow(FrameError)
  })

  it('is refused cut short anywhere, with bytes behind it, and in another version', () => {
    for (let length = 0; length < token.length; length++)
      expect(attempt(token.subarray(0, length))).toBeInstanceOf(FrameError)
    expect(attempt(Uint8Array.from([...token, 0]))).toBeInstanceOf(FrameError)
    expect(attempt(Uint8Array.from([2, ...token.subarray(1)]))).toBeInstanceOf(FrameError)
  })

  it('throws nothing but FrameError, whatever the bytes are', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.uint8Array({ minLength: 110, maxLength: 400 }).map((bytes) => Uint8Array.from([1, ...bytes])),
    )
    fc.assert(
      fc.property(noise, (bytes) => void attempt(bytes)),
      { numRuns: 5000 },
    )
  })
})

describe('checkToken', () => {
  const check = (change: Partial<TokenExpectation>, bytes = token): unknown =>
    checkToken(parseToken(bytes), { ...EXPECTED, ...change }, verifier)

  it('finds nothing wrong with one that the origin signed for this peer and stream', () => {
    expect(check({})).toBeNull()
    expect(check({ remoteFingerprint: EXPECTED.remoteFingerprint.toLowerCase() })).toBeNull()
  })

  it.each<[string, Partial<TokenExpectation>]>([
    ['room', { room: 'room-2' }],
    ['program', { program: 'p1a2b3c5' }],
    ['rendition', { rendition: '400p' }],
    ['peer', { peer: '0011223344556678' }],
    ['fingerprint', { remoteFingerprint: formatFingerprint(new Uint8Array(32)) }],
    ['expired', { nowMs: CLAIMS.expiresAtMs + TOKEN_SKEW_MS }],
    ['too_long', { nowMs: CLAIMS.expiresAtMs - MAX_TOKEN_LIFE_MS - TOKEN_SKEW_MS - 1 }],
    ['expired', { nowMs: Number.NaN }],
  ])('says %s for one that is good for another, or at another time', (fault, change) => {
    expect(check(change)).toBe(fault)
  })

  it('forgives clocks that differ a little', () => {
    expect(check({ nowMs: CLAIMS.expiresAtMs + TOKEN_SKEW_MS - 1 })).toBeNull()
    expect(check({ nowMs: CLAIMS.expiresAtMs - MAX_TOKEN_LIFE_MS - TOKEN_SKEW_MS })).toBeNull()
  })

  it('finds any one byte that was changed', () => {
    const passed: number[] = []
    for (let at = 0; at < token.length; at++) {
      const changed = token.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      if (attempt(changed) instanceof FrameError) continue
      if (check({}, changed) === null) passed.push(at)
    }
    expect(passed).toEqual([])
  })

  it('does not take the signature over a part, or over the bare bytes, for one over a token', () => {
    const { signed } = parseToken(token)
    for (const message of [signed, signingInput(signed)])
      expect(check({}, Uint8Array.from([...signed, ...testSign(message)]))).toBe('signature')
    expect(verifier.verifyMeta(signed, parseToken(token).signature)).toBe(false)
  })

  it('waits for a verifier that answers later, and takes one that fails for a no', async () => {
    const answer = (later: () => Promise<boolean>): unknown =>
      checkToken(parseToken(token), EXPECTED, { verifyToken: later })
    await expect(answer(async () => true)).resolves.toBeNull()
    await expect(answer(async () => false)).resolves.toBe('signature')
    await expect(answer(() => Promise.reject(new Error('no such algorithm')))).resolves.toBe('signature')
  })
})

describe('a fingerprint', () => {
  it('is read as SDP writes it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        expect(parseFingerprint(formatFingerprint(bytes))).toEqual(bytes)
      }),
    )
    expect(() => parseFingerprint('AB:CD')).toThrow(FrameError)
  })
})
