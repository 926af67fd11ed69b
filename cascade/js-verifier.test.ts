import { describe, expect, it } from 'vitest'
import { SMALL_VIDEO, smallPart, TEST_PUBLIC_KEY, testSign } from '../tests/support/small-part.ts'
import { cutChunks } from './chunk.ts'
import { createJsVerifier } from './js-verifier.ts'
import { encodeToken, parseToken } from './token.ts'

const { meta, signed, signature, chunks } = cutChunks(smallPart(SMALL_VIDEO, 40))
const tokenBytes = encodeToken(
  {
    room: 'room-1',
    program: 'p1a2b3c4',
    rendition: '720p',
    peer: '0011223344556677',
    fingerprint: new Uint8Array(32),
    expiresAtMs: 0,
    maxChildren: 0,
  },
  testSign,
)

describe('the verifier in pure JavaScript', () => {
  const verifier = createJsVerifier(TEST_PUBLIC_KEY)

  it('knows what the origin signed', () => {
    expect(verifier.verifyMeta(signed, signature)).toBe(true)
    const token = parseToken(tokenBytes)
    expect(verifier.verifyToken(token.signed, token.signature)).toBe(true)
  })

  it('hashes chunks as META has it', () => {
    expect(chunks.map((chunk) => verifier.hashChunk(chunk))).toEqual(meta.chunkHashes)
  })

  it('says no to another signature, and throws for none', () => {
    for (const other of [new Uint8Array(64), new Uint8Array(0), signature.subarray(1), testSign(signed)]) {
      expect(verifier.verifyMeta(signed, other)).toBe(false)
      expect(verifier.verifyToken(signed, other)).toBe(false)
    }
    expect(verifier.verifyToken(signed, signature)).toBe(false)
  })

  it('verifies nothing with what is no key', () => {
    for (const key of [new Uint8Array(31), new Uint8Array(32).fill(0xff)])
      expect(createJsVerifier(key).verifyMeta(signed, signature)).toBe(false)
  })
})
