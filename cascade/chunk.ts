/** A part's body in chunks, each checked and passed on by itself, and which of them belong to which stripe. */
import { MediaError } from '../media/media-error.ts'
import { parseMeta, type Part, type PartMeta } from '../media/part.ts'
import { MAX_PART_CHUNKS, STRIPES } from './frame/frame.ts'

/** The stripe of a chunk of the part with this running number; it moves on with each part, so that none has all the first chunks. */
export function stripeOf(number: number, chunk: number): number {
  return (number + chunk) % STRIPES
}

/** Where a chunk lies in the body; empty for a chunk that the part does not have. */
export function chunkRange(meta: PartMeta, chunk: number): { start: number; end: number } {
  const start = Math.min(chunk * meta.chunkBytes, meta.bodyBytes)
  return { start, end: Math.min(start + meta.chunkBytes, meta.bodyBytes) }
}

/** A part as the cascade moves it. All of its bytes are views on the part's. */
export interface CutPart {
  meta: PartMeta
  signed: Uint8Array
  signature: Uint8Array
  chunks: Uint8Array[]
}

/** Throws `MediaError` where the bytes are no part, or more than the cascade carries (4 MiB). */
export function cutChunks(part: Part): CutPart {
  const { meta, signed, signature, bodyOffset } = parseMeta(part.bytes)
  const body = part.bytes.subarray(bodyOffset)
  if (body.length !== meta.bodyBytes)
    throw new MediaError(`${body.length} bytes of body, META says ${meta.bodyBytes}`)
  if (meta.chunkHashes.length > MAX_PART_CHUNKS)
    throw new MediaError(
      `${meta.chunkHashes.length} chunks in a part of the cascade, at most ${MAX_PART_CHUNKS}`,
    )
  const chunks = meta.chunkHashes.map((_, chunk) => {
    const { start, end } = chunkRange(meta, chunk)
    return body.subarray(start, end)
  })
  return { meta, signed, signature, chunks }
}
