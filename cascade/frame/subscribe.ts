/** SUBSCRIBE: stripe is the mask of stripes, number the first part wanted. Then program and rendition, each behind its length in a byte, u16 length of the token, token. */
import { MAX_NAME_BYTES } from '../../media/part.ts'
import { ALL_STRIPES, MAX_TOKEN_BYTES, type SubscribeFrame } from './frame.ts'
import { atMost } from './frame-error.ts'
import { createMessage, HEADER_BYTES, readNumber, readStripe, writeNumber, writeStripe } from './header.ts'
import { FrameReader } from './reader.ts'
import { FrameWriter } from './writer.ts'

export function encodeSubscribeFrame(frame: SubscribeFrame): Uint8Array {
  const { stripes, from, program, rendition, token } = frame
  const nameBytes =
    atMost(program.length, MAX_NAME_BYTES, 'length of a name') +
    atMost(rendition.length, MAX_NAME_BYTES, 'length of a name')
  atMost(token.length, MAX_TOKEN_BYTES, 'bytes of a token')
  const bytes = createMessage('subscribe', 2 + nameBytes + 2 + token.length)
  writeStripe(bytes, atMost(stripes, ALL_STRIPES, 'stripes'))
  writeNumber(bytes, from)
  const writer = new FrameWriter(bytes, HEADER_BYTES)
  writer.text(program)
  writer.text(rendition)
  writer.u16(token.length)
  writer.put(token)
  return bytes
}

/** `token` is a view. */
export function parseSubscribeFrame(bytes: Uint8Array): SubscribeFrame {
  const stripes = atMost(readStripe(bytes), ALL_STRIPES, 'stripes')
  const reader = new FrameReader(bytes, HEADER_BYTES)
  const program = reader.text(MAX_NAME_BYTES)
  const rendition = reader.text(MAX_NAME_BYTES)
  const token = reader.take(atMost(reader.u16(), MAX_TOKEN_BYTES, 'bytes of a token'))
  reader.end()
  return { type: 'subscribe', stripes, from: readNumber(bytes), program, rendition, token }
}
