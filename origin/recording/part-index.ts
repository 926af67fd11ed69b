/** The index beside a recording: 16 bytes for each part written, which is what a playlist and a restart need to know. */
import type { RecordedPart } from '../../media/playlist/recording.ts'

/** k and a reserved field of 32 bits each, then the end of the part in the file in 64: all big-endian. */
export const INDEX_RECORD_BYTES = 16

export function encodeIndexRecord(k: number, end: number): Uint8Array {
  const bytes = new Uint8Array(INDEX_RECORD_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, k)
  view.setBigUint64(8, BigInt(end))
  return bytes
}

/**
 * The parts of an index, up to the first that is not whole, not inside the file, or not behind the one before: what a crash left
 * behind ends there. `start` is where the first part begins.
 */
export function parseIndex(bytes: Uint8Array, start: number, fileBytes: number): RecordedPart[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: RecordedPart[] = []
  let from = start
  let before = -1
  for (let at = 0; at + INDEX_RECORD_BYTES <= bytes.length; at += INDEX_RECORD_BYTES) {
    const k = view.getUint32(at)
    const end = Number(view.getBigUint64(at + 8))
    if (k <= before || end <= from || end > fileBytes) break
    parts.push({ k, start: from, end })
    from = end
    before = k
  }
  return parts
}
