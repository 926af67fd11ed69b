import { describe, expect, it } from 'vitest'
import { cutChunks } from '../../cascade/chunk.ts'
import { parseToken } from '../../cascade/token.ts'
import { tokenFor, VIEWER_FINGERPRINT } from '../../tests/support/cascade-trial.ts'
import { SMALL_VIDEO, smallPart, TEST_PUBLIC_KEY } from '../../tests/support/small-part.ts'
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import { createVerifier } from './native-verifier.ts'

const { subtle } = globalThis.crypto
const part = cutChunks(smallPart(SMALL_VIDEO, 48))
const token = parseToken(
  tokenFor('00000000000000aa', { program: 'program1', rendition: '720p' }, VIEWER_FINGERPRINT),
)

describe.each([
  ['the browser’s own cryptography', subtle],
  ['JavaScript alone', undefined],
])('createVerifier with %s', (_, given) => {
  it('knows what the origin signed from what it did not', async () => {
    const verifier = await createVerifier(TEST_PUBLIC_KEY, given)
    expect(await verifier.verifyMeta(part.signed, part.signature)).toBe(true)
    expect(
      await verifier.verifyMeta(
        part.signed.map((byte, at) => (at === 9 ? byte ^ 1 : byte)),
        part.signature,
      ),
    ).toBe(false)
    expect(await verifier.verifyToken(token.signed, token.signature)).toBe(true)
    // neither stands for the other
    expect(await verifier.verifyToken(part.signed, part.signature)).toBe(false)
    expect(await verifier.verifyMeta(token.signed, token.signature)).toBe(false)
  })

  it('hashes chunks as META names them', async () => {
    const verifier = await createVerifier(TEST_PUBLIC_KEY, given)
    for (const [at, chunk] of part.chunks.entries())
      expect(await verifier.hashChunk(chunk)).toEqual(part.meta.chunkHashes[at])
  })

  it('believes nothing by a key that is none', async () => {
    const verifier = await createVerifier(new Uint8Array(5), given)
    expect(await verifier.verifyMeta(part.signed, part.signature)).toBe(false)
  })
})

describe('base64url', () => {
  it('brings back every byte, and takes nothing else', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at)
    expect(encodeBase64Url(bytes)).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(decodeBase64Url(encodeBase64Url(bytes))).toEqual(bytes)
    expect(decodeBase64Url('no=such€')).toBeNull()
  })
})
