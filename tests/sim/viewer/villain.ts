/** What those do who mean harm: to the messages they send as parents, and with what they were not given. */
import { encodeFrame, parseFrame } from '../../../cascade/frame/codec.ts'
import { FRAME_CODES } from '../../../cascade/frame/frame.ts'
import { HEADER_BYTES } from '../../../cascade/frame/header.ts'
import type { Tamper } from '../network/sim-transport.ts'
import type { Random } from '../random.ts'

export type Villain = 'polluter' | 'replayer' | 'liar' | 'zombie' | 'free-rider'

export const VILLAINS: readonly Villain[] = ['polluter', 'replayer', 'liar', 'zombie', 'free-rider']

/** How each of them sends. A free-rider sends as anybody does: it lets nobody in. */
export function tamperOf(villain: Villain, random: Random): Tamper | null {
  if (villain === 'polluter') return pollute(random)
  if (villain === 'replayer') return replay()
  if (villain === 'liar') return (_, message) => (message[0] === FRAME_CODES.data ? null : message)
  if (villain === 'zombie') return beatOnly
  return null
}

/** One byte of a chunk is another. */
function pollute(random: Random): Tamper {
  return (_, message) => {
    if (message[0] !== FRAME_CODES.data) return message
    const copy = message.slice()
    const at = HEADER_BYTES + random.below(copy.length - HEADER_BYTES)
    copy[at] = (copy[at] ?? 0) ^ (1 + random.below(255))
    return copy
  }
}

/** Bytes that the origin once signed, under another number. */
function replay(): Tamper {
  const kept = new Map<number, Uint8Array>()
  return (_, message) => {
    if (message[0] !== FRAME_CODES.data) return message
    const old = kept.get(message.length)
    if (!old) {
      kept.set(message.length, message)
      return message
    }
    const copy = message.slice()
    copy.set(old.subarray(HEADER_BYTES), HEADER_BYTES)
    return copy
  }
}

/** Heartbeats without holdings, and nothing else of use. */
const beatOnly: Tamper = (_, message) => {
  if (message[0] === FRAME_CODES.data || message[0] === FRAME_CODES.meta) return null
  if (message[0] !== FRAME_CODES.have) return message
  const frame = parseFrame(message)
  return frame.type === 'have' ? encodeFrame({ ...frame, holdings: [] }) : message
}
