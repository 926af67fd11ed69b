/** BYE: u8 reason, its place in `BYE_REASONS`; with flag 1 the 8 bytes of another parent's name follow. */
import { PEER_ID_BYTES } from '../peer-id.ts'
import { BYE_REASONS, type ByeFrame } from './frame.ts'
import { createMessage, HEADER_BYTES, readFlags, writeFlags } from './header.ts'
import { FrameReader } from './reader.ts'
import { parseReason, reasonCode } from './reason.ts'
import { FrameWriter } from './writer.ts'

const HAS_ALTERNATIVE = 1

export function encodeByeFrame({ reason, alternative }: ByeFrame): Uint8Array {
  const bytes = createMessage('bye', 1 + (alternative === null ? 0 : PEER_ID_BYTES))
  const writer = new FrameWriter(bytes, HEADER_BYTES)
  writer.u8(reasonCode(BYE_REASONS, reason))
  if (alternative !== null) {
    writeFlags(bytes, HAS_ALTERNATIVE)
    writer.peerId(alternative)
  }
  return bytes
}

export function parseByeFrame(bytes: Uint8Array): ByeFrame {
  const reader = new FrameReader(bytes, HEADER_BYTES)
  const reason = parseReason(BYE_REASONS, reader.u8())
  const alternative = (readFlags(bytes) & HAS_ALTERNATIVE) !== 0 ? reader.peerId() : null
  reader.end()
  return { type: 'bye', reason, alternative }
}
