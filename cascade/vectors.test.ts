/** The bytes of docs/cascade-frames.md, as tests/vectors/ has them: a change of what goes over a link fails here. */
import { describe, expect, it } from 'vitest'
import vectors from '../tests/vectors/cascade.json' with { type: 'json' }
import { signingInput, signWith } from '../media/signature.ts'
import { encodeFrame, parseFrame } from './frame/codec.ts'
import { FRAME_CODES, type Frame } from './frame/frame.ts'
import { createJsVerifier } from './js-verifier.ts'
import { checkToken, encodeToken, formatFingerprint, parseToken, TOKEN_DOMAIN } from './token.ts'

const BYTE_FIELDS = ['bytes', 'signed', 'signature', 'token']
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

/** A frame as it stands in JSON, its byte fields in hexadecimal. */
function frameOf(json: object): Frame {
  const fields = Object.entries(json).map(([name, value]) => [
    name,
    BYTE_FIELDS.includes(name) ? bytesOf(`${value}`) : value,
  ])
  return Object.fromEntries(fields) as Frame
}

describe.each(vectors.frames)('the frame: $name', ({ frame, bytes }) => {
  it('is written and read byte for byte', () => {
    expect(hex(encodeFrame(frameOf(frame)))).toBe(bytes)
    expect(parseFrame(bytesOf(bytes))).toEqual(frameOf(frame))
  })
})

it('there is a vector of every kind of frame', () => {
  expect(new Set(vectors.frames.map(({ frame }) => frame.type))).toEqual(new Set(Object.keys(FRAME_CODES)))
})

describe('the token', () => {
  const claims = { ...vectors.token.claims, fingerprint: bytesOf(vectors.token.claims.fingerprint) }

  it('is written and read byte for byte', () => {
    expect(hex(encodeToken(claims, signWith(bytesOf(vectors.secretKey))))).toBe(vectors.token.bytes)
    const token = parseToken(bytesOf(vectors.token.bytes))
    expect(token.claims).toEqual(claims)
    expect([hex(signingInput(token.signed, TOKEN_DOMAIN)), hex(token.signature)]).toEqual([
      vectors.token.signingInput,
      vectors.token.signature,
    ])
  })

  it('is good for whom it names', () => {
    const expected = {
      ...claims,
      remoteFingerprint: formatFingerprint(claims.fingerprint),
      nowMs: claims.expiresAtMs - 1,
    }
    const verifier = createJsVerifier(bytesOf(vectors.publicKey))
    expect(checkToken(parseToken(bytesOf(vectors.token.bytes)), expected, verifier)).toBeNull()
  })
})
