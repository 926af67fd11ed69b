/** META: u16 length of what is signed, the signed bytes (docs/protocol.md), the 64 bytes of the signature. */
import { SIGNATURE_BYTES } from '../../media/part.ts'
import { MAX_SIGNED_BYTES, type MetaFrame } from './frame.ts'
import { atMost, FrameError } from './frame-error.ts'
import { createMessage, HEADER_BYTES, readNumber, readTrack, writeNumber, writeTrack } from './header.ts'
import { readU16 } from './reader.ts'
import { writeU16 } from './writer.ts'

const SIGNED_AT = HEADER_BYTES + 2

export function encodeMetaFrame({ track, number, signed, signature }: MetaFrame): Uint8Array {
  atMost(signed.length, MAX_SIGNED_BYTES, 'signed bytes')
  if (signature.length !== SIGNATURE_BYTES) throw new FrameError(`signature of ${signature.length} bytes`)
  const bytes = createMessage('meta', 2 + signed.length + SIGNATURE_BYTES)
  writeTrack(bytes, track)
  writeNumber(bytes, number)
  writeU16(bytes, HEADER_BYTES, signed.length)
  bytes.set(signed, SIGNED_AT)
  bytes.set(signature, SIGNED_AT + signed.length)
  return bytes
}

/** `signed` and `signature` are views. */
export function parseMetaFrame(bytes: Uint8Array): MetaFrame {
  const signedEnd = SIGNED_AT + atMost(readU16(bytes, HEADER_BYTES), MAX_SIGNED_BYTES, 'signed bytes')
  if (bytes.length !== signedEnd + SIGNATURE_BYTES)
    throw new FrameError(`META of ${bytes.length} bytes, ${signedEnd + SIGNATURE_BYTES} by its lengths`)
  return {
    type: 'meta',
    track: readTrack(bytes),
    number: readNumber(bytes),
    signed: bytes.subarray(SIGNED_AT, signedEnd),
    signature: bytes.subarray(signedEnd),
  }
}
