/** How the engine checks what peers send. Native where there is one (WebCrypto answers later), pure JavaScript elsewhere. */

export interface Verifier {
  /** Whether the origin signed these META bytes (`signed` and `signature` of `media/part.ts`). */
  verifyMeta(signed: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>
  /** The first 16 bytes of the SHA-256 of a chunk. */
  hashChunk(chunk: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** Whether the origin signed these token bytes (`cascade/token.ts`). */
  verifyToken(signed: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>
}
