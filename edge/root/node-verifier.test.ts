import { expect, it } from 'vitest'
import { cutChunks } from '../../cascade/chunk.ts'
import { createJsVerifier } from '../../cascade/js-verifier.ts'
import { TOKEN_DOMAIN } from '../../cascade/token.ts'
import { signingInput } from '../../media/signature.ts'
import { SMALL_VIDEO, smallPart, TEST_PUBLIC_KEY, testSign } from '../../tests/support/small-part.ts'
import { createNodeVerifier } from './node-verifier.ts'

const verifier = createNodeVerifier(Buffer.from(TEST_PUBLIC_KEY).toString('base64url'))
const { signed, signature, chunks, meta } = cutChunks(smallPart(SMALL_VIDEO, 40, 3000))

it('knows what the origin signed, each in its own domain', () => {
  expect(verifier.verifyMeta(signed, signature)).toBe(true)
  expect(verifier.verifyToken(signed, signature)).toBe(false)
  expect(verifier.verifyToken(signed, testSign(signingInput(signed, TOKEN_DOMAIN)))).toBe(true)
})

it('says no to damaged bytes and to what is no signature', () => {
  const damaged = signed.slice()
  damaged[20] = (damaged[20] ?? 0) ^ 1
  expect(verifier.verifyMeta(damaged, signature)).toBe(false)
  for (const none of [new Uint8Array(0), new Uint8Array(64), signature.subarray(1)])
    expect(verifier.verifyMeta(signed, none)).toBe(false)
})

it('hashes as the verifier in JavaScript does', () => {
  const js = createJsVerifier(TEST_PUBLIC_KEY)
  for (const chunk of chunks) expect(hex(verifier.hashChunk(chunk))).toBe(hex(js.hashChunk(chunk)))
  expect(chunks.map((chunk) => hex(verifier.hashChunk(chunk)))).toEqual(meta.chunkHashes.map(hex))
})

it('throws for what is no key', () => {
  for (const key of ['', 'AAAA', '!!']) expect(() => createNodeVerifier(key)).toThrow()
})

function hex(answer: Uint8Array | Promise<Uint8Array>): string {
  return answer instanceof Uint8Array ? Buffer.from(answer).toString('hex') : 'later'
}
