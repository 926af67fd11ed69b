/** GRANT: u8 depth, u8 length of the path, 8 bytes for each ancestor. DENY: u8 reason, its place in `DENY_REASONS`. */
import type { PeerId } from '../peer-id.ts'
import { PEER_ID_BYTES } from '../peer-id.ts'
import { DENY_REASONS, MAX_PATH, type DenyFrame, type GrantFrame } from './frame.ts'
import { atMost } from './frame-error.ts'
import { createMessage, HEADER_BYTES } from './header.ts'
import { FrameReader } from './reader.ts'
import { parseReason, reasonCode } from './reason.ts'
import { FrameWriter } from './writer.ts'

const MAX_U8 = 0xff

export function encodeGrantFrame({ depth, path }: GrantFrame): Uint8Array {
  atMost(path.length, MAX_PATH, 'ancestors')
  const bytes = createMessage('grant', 2 + path.length * PEER_ID_BYTES)
  const writer = new FrameWriter(bytes, HEADER_BYTES)
  writer.u8(atMost(depth, MAX_U8, 'depth'))
  writer.u8(path.length)
  for (const id of path) writer.peerId(id)
  return bytes
}

export function parseGrantFrame(bytes: Uint8Array): GrantFrame {
  const reader = new FrameReader(bytes, HEADER_BYTES)
  const depth = reader.u8()
  const count = atMost(reader.u8(), MAX_PATH, 'ancestors')
  const path: PeerId[] = []
  for (let at = 0; at < count; at++) path.push(reader.peerId())
  reader.end()
  return { type: 'grant', depth, path }
}

export function encodeDenyFrame({ reason }: DenyFrame): Uint8Array {
  const bytes = createMessage('deny', 1)
  bytes[HEADER_BYTES] = reasonCode(DENY_REASONS, reason)
  return bytes
}

export function parseDenyFrame(bytes: Uint8Array): DenyFrame {
  const reader = new FrameReader(bytes, HEADER_BYTES)
  const reason = parseReason(DENY_REASONS, reader.u8())
  reader.end()
  return { type: 'deny', reason }
}
