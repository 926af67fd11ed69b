/** Frames to messages and back; which channel each kind goes on. */
import type { Channel } from '../transport.ts'
import { encodeByeFrame, parseByeFrame } from './bye.ts'
import { encodeDataFrame, parseDataFrame } from './data.ts'
import type { Frame, FrameType } from './frame.ts'
import { encodeDenyFrame, encodeGrantFrame, parseDenyFrame, parseGrantFrame } from './grant.ts'
import { encodeHaveFrame, parseHaveFrame } from './have.ts'
import { readType } from './header.ts'
import { encodeHoldFrame, parseHoldFrame } from './hold.ts'
import { encodeMetaFrame, parseMetaFrame } from './meta.ts'
import { encodeNackFrame, parseNackFrame } from './nack.ts'
import { encodeSkipFrame, parseSkipFrame } from './skip.ts'
import { encodeSubscribeFrame, parseSubscribeFrame } from './subscribe.ts'

/** A message of its own. Throws `FrameError` where a field is beyond its limit, which a caller's bug alone brings about. */
export function encodeFrame(frame: Frame): Uint8Array {
  switch (frame.type) {
    case 'data':
      return encodeDataFrame(frame)
    case 'have':
      return encodeHaveFrame(frame)
    case 'meta':
      return encodeMetaFrame(frame)
    case 'nack':
      return encodeNackFrame(frame)
    case 'subscribe':
      return encodeSubscribeFrame(frame)
    case 'grant':
      return encodeGrantFrame(frame)
    case 'deny':
      return encodeDenyFrame(frame)
    case 'hold':
      return encodeHoldFrame(frame)
    case 'skip':
      return encodeSkipFrame(frame)
    case 'bye':
      return encodeByeFrame(frame)
  }
}

/**
 * What a peer sent. DATA's and META's bytes, and a token, are views on the message. Throws `FrameError`, and nothing else, whatever
 * the bytes are.
 */
export function parseFrame(bytes: Uint8Array): Frame {
  switch (readType(bytes)) {
    case 'data':
      return parseDataFrame(bytes)
    case 'have':
      return parseHaveFrame(bytes)
    case 'meta':
      return parseMetaFrame(bytes)
    case 'nack':
      return parseNackFrame(bytes)
    case 'subscribe':
      return parseSubscribeFrame(bytes)
    case 'grant':
      return parseGrantFrame(bytes)
    case 'deny':
      return parseDenyFrame(bytes)
    case 'hold':
      return parseHoldFrame(bytes)
    case 'skip':
      return parseSkipFrame(bytes)
    case 'bye':
      return parseByeFrame(bytes)
  }
}

export function channelOf(type: FrameType): Channel {
  if (type === 'data' || type === 'meta') return 'media'
  return type === 'have' ? 'heartbeat' : 'control'
}
