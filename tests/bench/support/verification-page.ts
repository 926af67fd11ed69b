/** Runs in a page: checks so many seconds of a stream as the cascade's engine does, by either way, and says how long it took. */
import { ed25519 } from '@noble/curves/ed25519.js'
import { createJsVerifier } from '../../../cascade/js-verifier.ts'
import type { Verifier } from '../../../cascade/verifier.ts'
import { PARTS_PER_SECOND } from '../../../media/part.ts'
import { chunkBytesFor, hashChunks, signingInput } from '../../../media/signature.ts'
import { createVerifier } from '../../../player/cascade/native-verifier.ts'

interface SignedPart {
  signed: Uint8Array
  signature: Uint8Array
  chunks: Uint8Array[]
}

const SECRET_KEY = Uint8Array.from({ length: 32 }, (_, index) => index)
/** META without its hashes, about. */
const META_BYTES = 90
const RANDOM_LIMIT = 65_536

function createPart(kbps: number): SignedPart {
  const body = new Uint8Array(Math.round((kbps * 1000) / 8 / PARTS_PER_SECOND))
  for (let at = 0; at < body.length; at += RANDOM_LIMIT)
    crypto.getRandomValues(body.subarray(at, at + RANDOM_LIMIT))
  const chunkBytes = chunkBytesFor(body.length)
  const hashes = hashChunks(body, chunkBytes)
  const signed = new Uint8Array(META_BYTES + hashes.length * 16)
  crypto.getRandomValues(signed)
  const chunks = hashes.map((_, index) => body.slice(index * chunkBytes, (index + 1) * chunkBytes))
  return { signed, signature: ed25519.sign(signingInput(signed), SECRET_KEY), chunks }
}

/** `kbps`: of each track. */
async function check(way: 'native' | 'js', kbps: readonly number[], seconds: number): Promise<number> {
  const publicKey = ed25519.getPublicKey(SECRET_KEY)
  const verifier: Verifier = way === 'js' ? createJsVerifier(publicKey) : await createVerifier(publicKey)
  const parts = kbps.map(createPart)
  const startedAt = performance.now()
  for (let second = 0; second < seconds; second++)
    for (let part = 0; part < PARTS_PER_SECOND; part++)
      for (const { signed, signature, chunks } of parts) {
        if (!(await verifier.verifyMeta(signed, signature))) throw new Error('a good signature was refused')
        await Promise.all(chunks.map((chunk) => verifier.hashChunk(chunk)))
      }
  return performance.now() - startedAt
}

Object.assign(window, { check })
