/** HOLD: u16 ms. */
import type { HoldFrame } from './frame.ts'
import { createMessage, HEADER_BYTES } from './header.ts'
import { FrameReader } from './reader.ts'
import { writeU16 } from './writer.ts'

const MAX_U16 = 0xffff

/** Longer than 65 s is 65 s. */
export function encodeHoldFrame({ forMs }: HoldFrame): Uint8Array {
  const bytes = createMessage('hold', 2)
  writeU16(bytes, HEADER_BYTES, Math.min(Math.max(forMs, 0), MAX_U16))
  return bytes
}

export function parseHoldFrame(bytes: Uint8Array): HoldFrame {
  const reader = new FrameReader(bytes, HEADER_BYTES)
  const forMs = reader.u16()
  reader.end()
  return { type: 'hold', forMs }
}
