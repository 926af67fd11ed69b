/** Checks in pure JavaScript: for pages on plain HTTP, which have no `crypto.subtle`, and for tests. Answers at once. */
import { hashChunk, verifySigned } from '../media/signature.ts'
import { TOKEN_DOMAIN } from './token.ts'
import type { Verifier } from './verifier.ts'

/** For the room whose Ed25519 key (32 bytes) this is. What is no key verifies nothing. */
export function createJsVerifier(publicKey: Uint8Array): Verifier {
  return {
    verifyMeta: (signed, signature) => verifySigned({ signed, signature }, publicKey),
    hashChunk: (chunk) => hashChunk(chunk),
    verifyToken: (signed, signature) => verifySigned({ signed, signature }, publicKey, TOKEN_DOMAIN),
  }
}
