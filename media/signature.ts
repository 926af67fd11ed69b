/** Ed25519 over a part's META, whose chunk hashes bind the bytes (RFC 8032; FIPS 180-4). Pure JavaScript: pages on plain HTTP have no `crypto.subtle`. */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { asciiBytes, concatBytes } from './bytes.ts'
import { HASH_BYTES, MAX_CHUNK_BYTES, MIN_CHUNKS, parseMeta, type SignedMeta } from './part.ts'

/** Signs a message, such as `signWith(secretKey)`; the origin hands in a native one, thirty times as fast. */
export type Sign = (message: Uint8Array) => Uint8Array
/** SHA-256, all 32 bytes of it. */
export type Hash = (bytes: Uint8Array) => Uint8Array

/** Keeps a signature over a part from being taken for one over anything else. */
const PART_DOMAIN = asciiBytes('headwater/part/1\0')

/** Bytes and the signature over them. */
export type Signed = Pick<SignedMeta, 'signed' | 'signature'>

export function signWith(secretKey: Uint8Array): Sign {
  return (message) => ed25519.sign(message, secretKey)
}

/** What is handed to Ed25519 for these bytes: META unless another domain is given. */
export function signingInput(signed: Uint8Array, domain: Uint8Array = PART_DOMAIN): Uint8Array {
  return concatBytes([domain, signed])
}

export function chunkBytesFor(bodyBytes: number): number {
  const count = Math.max(MIN_CHUNKS, Math.ceil(bodyBytes / MAX_CHUNK_BYTES))
  return Math.ceil(bodyBytes / count)
}

export function hashChunks(body: Uint8Array, chunkBytes: number, hash: Hash = sha256): Uint8Array[] {
  const hashes: Uint8Array[] = []
  for (let at = 0; at < body.length; at += chunkBytes)
    hashes.push(hashChunk(body.subarray(at, at + chunkBytes), hash))
  return hashes
}

export function hashChunk(chunk: Uint8Array, hash: Hash = sha256): Uint8Array {
  return hash(chunk).subarray(0, HASH_BYTES)
}

/** Whether the holder of the key signed these bytes in this domain: META unless another is given. Never throws. */
export function verifySigned(
  { signed, signature }: Signed,
  publicKey: Uint8Array,
  domain: Uint8Array = PART_DOMAIN,
): boolean {
  try {
    return ed25519.verify(signature, signingInput(signed, domain), publicKey)
  } catch {
    return false // a point that is not on the curve
  }
}

/** Whether these bytes are, to the last one, a part that the holder of the key published. Never throws. */
export function verifyPart(bytes: Uint8Array, publicKey: Uint8Array): boolean {
  let parsed: SignedMeta
  try {
    parsed = parseMeta(bytes)
  } catch {
    return false
  }
  const { meta, bodyOffset } = parsed
  const body = bytes.subarray(bodyOffset)
  if (body.length !== meta.bodyBytes || meta.chunkBytes !== chunkBytesFor(meta.bodyBytes)) return false
  const hashes = hashChunks(body, meta.chunkBytes)
  if (hashes.length !== meta.chunkHashes.length) return false
  const same = hashes.every((hash, index) => hash.every((byte, at) => meta.chunkHashes[index]?.[at] === byte))
  return same && verifySigned(parsed, publicKey)
}
