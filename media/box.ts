/** ISO-BMFF boxes (ISO/IEC 14496-12, 4.2): reading without copying, writing by concatenation. */
import { ByteReader, asciiBytes, concatBytes, u32Bytes } from './bytes.ts'
import { MediaError } from './media-error.ts'

export interface Box {
  type: string
  /** Offset of the box's size field in the bytes it was read from. */
  start: number
  end: number
  /** What follows size and type. */
  payload: Uint8Array
}

/** The boxes side by side in `bytes`. Throws `MediaError` where a size does not fit. 64-bit sizes are refused: nothing here needs them. */
export function readBoxes(bytes: Uint8Array): Box[] {
  const boxes: Box[] = []
  let start = 0
  while (start < bytes.length) {
    const reader = new ByteReader(bytes, start)
    const size = reader.u32()
    const type = reader.ascii(4)
    if (size < 8 || start + size > bytes.length)
      throw new MediaError(`box ${type} of ${size} bytes at ${start}, ${bytes.length - start} left`)
    boxes.push({ type, start, end: start + size, payload: bytes.subarray(start + 8, start + size) })
    start += size
  }
  return boxes
}

/** The first box along a path such as `moov/trak/mdia/mdhd`, or undefined. */
export function findBox(bytes: Uint8Array, path: string): Box | undefined {
  let inside = bytes
  let found: Box | undefined
  for (const type of path.split('/')) {
    found = readBoxes(inside).find((box) => box.type === type)
    if (!found) return undefined
    inside = found.payload
  }
  return found
}

export function getBox(bytes: Uint8Array, path: string): Box {
  const box = findBox(bytes, path)
  if (!box) throw new MediaError(`no box ${path}`)
  return box
}

export function encodeBox(type: string, ...payload: Uint8Array[]): Uint8Array {
  const length = payload.reduce((sum, chunk) => sum + chunk.length, 8)
  return concatBytes([u32Bytes(length), asciiBytes(type), ...payload])
}

/** A box with version and flags (14496-12, 4.2: FullBox). */
export function encodeFullBox(
  type: string,
  { version = 0, flags = 0 }: { version?: number; flags?: number },
  ...payload: Uint8Array[]
): Uint8Array {
  return encodeBox(type, u32Bytes(((version << 24) | flags) >>> 0), ...payload)
}
