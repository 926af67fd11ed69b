/** A part's frames as every child is sent them. Null where what they are made of is not here. */
import type { PartState } from '../assembly/part-state.ts'
import { encodeFrame } from '../frame/codec.ts'
import { STRIPES } from '../frame/frame.ts'

export function encodeMeta({ track, number, known }: PartState): Uint8Array | null {
  if (!known) return null
  const { signed, signature } = known
  return encodeFrame({ type: 'meta', track, number, signed, signature })
}

export function encodeChunk(part: PartState, chunk: number): Uint8Array | null {
  const bytes = part.chunks[chunk]
  if (!bytes) return null
  const { track, number, chunkCount } = part
  return encodeFrame({ type: 'data', track, number, chunk, chunkCount: chunkCount ?? STRIPES, bytes })
}
