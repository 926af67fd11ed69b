/** DATA: behind the header nothing but the bytes of one chunk. Most of what the cascade carries. */
import { MAX_CHUNK_BYTES } from '../../media/part.ts'
import { stripeOf } from '../chunk.ts'
import { MAX_PART_CHUNKS, type DataFrame } from './frame.ts'
import { atMost, FrameError } from './frame-error.ts'
import {
  createMessage,
  HEADER_BYTES,
  readChunk,
  readCount,
  readNumber,
  readStripe,
  readTrack,
  writeChunk,
  writeCount,
  writeNumber,
  writeStripe,
  writeTrack,
} from './header.ts'

export function encodeDataFrame(frame: DataFrame): Uint8Array {
  const { track, number, chunk, chunkCount } = frame
  checkPlace(chunk, chunkCount, frame.bytes.length)
  const bytes = createMessage('data', frame.bytes.length)
  writeTrack(bytes, track)
  writeStripe(bytes, stripeOf(number, chunk))
  writeNumber(bytes, number)
  writeChunk(bytes, chunk)
  writeCount(bytes, chunkCount)
  bytes.set(frame.bytes, HEADER_BYTES)
  return bytes
}

/** `bytes` is a view. */
export function parseDataFrame(bytes: Uint8Array): DataFrame {
  const number = readNumber(bytes)
  const chunk = readChunk(bytes)
  const chunkCount = readCount(bytes)
  checkPlace(chunk, chunkCount, bytes.length - HEADER_BYTES)
  if (readStripe(bytes) !== stripeOf(number, chunk))
    throw new FrameError(`chunk ${chunk} of part ${number} in stripe ${readStripe(bytes)}`)
  return {
    type: 'data',
    track: readTrack(bytes),
    number,
    chunk,
    chunkCount,
    bytes: bytes.subarray(HEADER_BYTES),
  }
}

function checkPlace(chunk: number, chunkCount: number, chunkBytes: number): void {
  atMost(chunkCount, MAX_PART_CHUNKS, 'chunks of a part')
  atMost(chunk, chunkCount - 1, 'chunk')
  atMost(chunkBytes, MAX_CHUNK_BYTES, 'bytes of a chunk')
  if (chunkBytes === 0) throw new FrameError('a chunk without bytes')
}
