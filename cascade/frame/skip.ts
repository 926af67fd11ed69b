/** SKIP: track and number, the first part that will not come, are in the header. Then u32 to, u8 reason, its place in `SKIP_REASONS`. */
import { SKIP_REASONS, type SkipFrame } from './frame.ts'
import { atMost, FrameError } from './frame-error.ts'
import { createMessage, HEADER_BYTES, readNumber, readTrack, writeNumber, writeTrack } from './header.ts'
import { FrameReader } from './reader.ts'
import { parseReason, reasonCode } from './reason.ts'
import { FrameWriter } from './writer.ts'

const MAX_U32 = 0xffffffff

export function encodeSkipFrame({ track, from, to, reason }: SkipFrame): Uint8Array {
  checkRange(from, to)
  const bytes = createMessage('skip', 5)
  writeTrack(bytes, track)
  writeNumber(bytes, from)
  const writer = new FrameWriter(bytes, HEADER_BYTES)
  writer.u32(atMost(to, MAX_U32, 'number'))
  writer.u8(reasonCode(SKIP_REASONS, reason))
  return bytes
}

export function parseSkipFrame(bytes: Uint8Array): SkipFrame {
  const from = readNumber(bytes)
  const reader = new FrameReader(bytes, HEADER_BYTES)
  const to = reader.u32()
  const reason = parseReason(SKIP_REASONS, reader.u8())
  reader.end()
  checkRange(from, to)
  return { type: 'skip', track: readTrack(bytes), from, to, reason }
}

function checkRange(from: number, to: number): void {
  if (to < from) throw new FrameError(`parts from ${from} to ${to}`)
}
