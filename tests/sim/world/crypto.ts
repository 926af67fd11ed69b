/** Real Ed25519 and SHA-256, with the answers for bytes that everybody shares remembered: forging is as hard as it is outside. */
import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { TOKEN_DOMAIN } from '../../../cascade/token.ts'
import type { Verifier } from '../../../cascade/verifier.ts'
import { HASH_BYTES } from '../../../media/part.ts'
import { signingInput, type Sign } from '../../../media/signature.ts'

/** What DER puts before the 32 bytes of a secret key (RFC 8410, 7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

export class OriginKey {
  readonly sign: Sign
  readonly #public: KeyObject

  constructor(seed: number) {
    const secret = createHash('sha256').update(`sim ${seed}`).digest()
    const key = createPrivateKey({
      key: Buffer.concat([PKCS8_HEAD, secret]),
      format: 'der',
      type: 'pkcs8',
    })
    this.#public = createPublicKey(key)
    this.sign = (message) => sign(null, message, key)
  }

  verify(message: Uint8Array, signature: Uint8Array): boolean {
    return verify(null, message, this.#public, signature)
  }
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}

/** Remembers only what lies in buffers that were declared shared and that nobody writes to. */
export class RememberingVerifier implements Verifier {
  readonly #key: OriginKey
  readonly #shared = new WeakMap<ArrayBufferLike, Map<number, Uint8Array | boolean>>()

  constructor(key: OriginKey) {
    this.#key = key
  }

  share(bytes: Uint8Array): void {
    if (!this.#shared.has(bytes.buffer)) this.#shared.set(bytes.buffer, new Map())
  }

  verifyMeta(signed: Uint8Array, signature: Uint8Array): boolean {
    const known = signed.buffer === signature.buffer ? this.#shared.get(signed.buffer) : undefined
    const answer = known?.get(placeOf(signed))
    if (typeof answer === 'boolean') return answer
    const isGood = this.#key.verify(signingInput(signed), signature)
    known?.set(placeOf(signed), isGood)
    return isGood
  }

  hashChunk(chunk: Uint8Array): Uint8Array {
    const known = this.#shared.get(chunk.buffer)
    const answer = known?.get(placeOf(chunk))
    if (answer instanceof Uint8Array) return answer
    const hash = sha256(chunk).subarray(0, HASH_BYTES)
    known?.set(placeOf(chunk), hash)
    return hash
  }

  verifyToken(signed: Uint8Array, signature: Uint8Array): boolean {
    return this.#key.verify(signingInput(signed, TOKEN_DOMAIN), signature)
  }
}

/** Where a view lies in its buffer, as one number. */
function placeOf({ byteOffset, length }: Uint8Array): number {
  return byteOffset * 2 ** 24 + length
}
