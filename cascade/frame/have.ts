/**
 * HAVE, the heartbeat: number is its sequence, flag 1 says that there is an echo, count is that of the holdings. Then u32
 * received, u32 sentAtMs, u32 echoed sentAtMs, u16 ms held, u32 spareKbps, and for each track held u8 track, u32 newest, u32 bitmap.
 */
import { MAX_TRACKS, type HaveFrame, type Holding } from './frame.ts'
import { atMost } from './frame-error.ts'
import {
  createMessage,
  HEADER_BYTES,
  readCount,
  readFlags,
  readNumber,
  writeCount,
  writeFlags,
  writeNumber,
} from './header.ts'
import { FrameReader } from './reader.ts'
import { FrameWriter } from './writer.ts'

const HAS_ECHO = 1
const FIXED_BYTES = 18
const HOLDING_BYTES = 9
const MAX_U16 = 0xffff
const MAX_U32 = 0xffffffff

/** Times lose their fraction; what is held longer, or more to spare, than the field can say is the most it can say. */
export function encodeHaveFrame(frame: HaveFrame): Uint8Array {
  const { echo, holdings } = frame
  atMost(holdings.length, MAX_TRACKS, 'tracks held')
  const bytes = createMessage('have', FIXED_BYTES + holdings.length * HOLDING_BYTES)
  writeNumber(bytes, frame.sequence)
  writeFlags(bytes, echo ? HAS_ECHO : 0)
  writeCount(bytes, holdings.length)
  const writer = new FrameWriter(bytes, HEADER_BYTES)
  writer.u32(frame.received)
  writer.u32(frame.sentAtMs)
  writer.u32(echo?.sentAtMs ?? 0)
  writer.u16(Math.min(Math.max(echo?.heldMs ?? 0, 0), MAX_U16))
  writer.u32(Math.min(Math.max(frame.spareKbps, 0), MAX_U32))
  for (const { track, newest, bitmap } of holdings) {
    writer.u8(atMost(track, MAX_TRACKS - 1, 'track'))
    writer.u32(atMost(newest, MAX_U32, 'newest'))
    writer.u32(bitmap)
  }
  return bytes
}

export function parseHaveFrame(bytes: Uint8Array): HaveFrame {
  const count = atMost(readCount(bytes), MAX_TRACKS, 'tracks held')
  const reader = new FrameReader(bytes, HEADER_BYTES)
  const received = reader.u32()
  const sentAtMs = reader.u32()
  const echoed = { sentAtMs: reader.u32(), heldMs: reader.u16() }
  const spareKbps = reader.u32()
  const holdings: Holding[] = []
  for (let at = 0; at < count; at++)
    holdings.push({
      track: atMost(reader.u8(), MAX_TRACKS - 1, 'track'),
      newest: reader.u32(),
      bitmap: reader.u32(),
    })
  reader.end()
  const echo = (readFlags(bytes) & HAS_ECHO) !== 0 ? echoed : null
  return { type: 'have', sequence: readNumber(bytes), received, sentAtMs, echo, spareKbps, holdings }
}
