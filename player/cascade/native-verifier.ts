/** Checks by the browser's own cryptography where it has Ed25519 (RFC 8032), else in JavaScript: pages on plain HTTP have none. */
import { createJsVerifier } from '../../cascade/js-verifier.ts'
import { TOKEN_DOMAIN } from '../../cascade/token.ts'
import type { Verifier } from '../../cascade/verifier.ts'
import { HASH_BYTES } from '../../media/part.ts'
import { signingInput } from '../../media/signature.ts'

/** For the room whose Ed25519 key (32 bytes) this is. */
export async function createVerifier(
  publicKey: Uint8Array,
  subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle,
): Promise<Verifier> {
  const key = await importKey(publicKey, subtle)
  return key && subtle ? nativeVerifier(key, subtle) : createJsVerifier(publicKey)
}

function nativeVerifier(key: CryptoKey, subtle: SubtleCrypto): Verifier {
  const verify = (signature: Uint8Array, message: Uint8Array): Promise<boolean> =>
    subtle.verify('Ed25519', key, plain(signature), plain(message)).catch(() => false)
  return {
    verifyMeta: (signed, signature) => verify(signature, signingInput(signed)),
    hashChunk: async (chunk) =>
      new Uint8Array(await subtle.digest('SHA-256', plain(chunk))).subarray(0, HASH_BYTES),
    verifyToken: (signed, signature) => verify(signature, signingInput(signed, TOKEN_DOMAIN)),
  }
}

/** Null where the browser has no Ed25519, or the key is none. */
async function importKey(publicKey: Uint8Array, subtle: SubtleCrypto | undefined): Promise<CryptoKey | null> {
  try {
    return (await subtle?.importKey('raw', plain(publicKey), 'Ed25519', false, ['verify'])) ?? null
  } catch {
    return null
  }
}

/** Nothing here is shared memory, whatever the types allow. */
function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}
