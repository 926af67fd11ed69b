import { describe, expect, it } from 'vitest'
import { encodeMeta, MAX_CHUNK_BYTES, MAX_NAME_BYTES, parseMeta, SIGNATURE_BYTES } from '../../media/part.ts'
import { SMALL_VIDEO, smallPart } from '../../tests/support/small-part.ts'
import { MAX_MESSAGE_BYTES, type Channel } from '../transport.ts'
import { channelOf, encodeFrame, parseFrame } from './codec.ts'
import {
  ALL_STRIPES,
  FRAME_CODES,
  MAX_PART_CHUNKS,
  MAX_PATH,
  MAX_SIGNED_BYTES,
  MAX_TOKEN_BYTES,
  MAX_TRACKS,
  MAX_WANTS,
  type DataFrame,
  type Frame,
  type FrameType,
  type HaveFrame,
  type MetaFrame,
  type NackFrame,
  type SubscribeFrame,
} from './frame.ts'
import { FrameError } from './frame-error.ts'
import { HEADER_BYTES } from './header.ts'

const DATA: DataFrame = {
  type: 'data',
  track: 1,
  number: 43,
  chunk: 3,
  chunkCount: 5,
  bytes: Uint8Array.of(7, 8, 9),
}
const META: MetaFrame = {
  type: 'meta',
  track: 0,
  number: 43,
  signed: Uint8Array.of(1, 2),
  signature: new Uint8Array(SIGNATURE_BYTES).fill(3),
}
const HAVE: HaveFrame = {
  type: 'have',
  sequence: 1,
  received: 2,
  sentAtMs: 3,
  echo: { sentAtMs: 4, heldMs: 5 },
  spareKbps: 6,
  holdings: [{ track: 0, newest: 43, bitmap: 0xffffffff }],
}
const NACK: NackFrame = { type: 'nack', wants: [{ track: 0, number: 43, needsMeta: false, chunks: [1] }] }
const SUBSCRIBE: SubscribeFrame = {
  type: 'subscribe',
  stripes: ALL_STRIPES,
  from: 43,
  program: 'p1a2b3c4',
  rendition: '720p',
  token: Uint8Array.of(1),
}
const GRANT: Frame = { type: 'grant', depth: 2, path: ['0011223344556677'] }
const BYE: Frame = { type: 'bye', reason: 'leaving', alternative: '0011223344556677' }

/** A message with some of its bytes other than the writer made them. */
function changed(frame: Frame, bytes: Readonly<Record<number, number>>): Uint8Array {
  const message = encodeFrame(frame)
  for (const [at, byte] of Object.entries(bytes)) message[Number(at)] = byte
  return message
}

describe('parseFrame', () => {
  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), '0 bytes, a header has 12'],
    ['a header without its last byte', encodeFrame(DATA).subarray(0, HEADER_BYTES - 1), '11 bytes'],
    ['more than a message', new Uint8Array(MAX_MESSAGE_BYTES + 1).fill(1), 'message length'],
    ['type 0', changed(DATA, { 0: 0 }), 'frame of type 0'],
    ['a type after the last', changed(DATA, { 0: 11 }), 'frame of type 11'],
    ['a track that no swarm has', changed(DATA, { 2: MAX_TRACKS }), `track ${MAX_TRACKS}`],
    ['DATA of another stripe', changed(DATA, { 3: 2 }), 'in stripe 2'],
    ['DATA of a chunk past the last', changed(DATA, { 10: 3 }), 'chunk 3, at most 2'],
    ['DATA of a part without chunks', changed(DATA, { 8: 0, 10: 0 }), 'chunk 0, at most -1'],
    ['DATA of a part of too many chunks', changed(DATA, { 10: 1, 11: 1 }), 'chunks of a part 257'],
    ['DATA without data', encodeFrame(DATA).subarray(0, HEADER_BYTES), 'without bytes'],
    ['META of more than there is', changed(META, { 12: 3 }), 'META of 80 bytes, 81 by its lengths'],
    ['META longer than any', changed(META, { 12: 0xff, 13: 0xff }), 'signed bytes 65535'],
    ['HAVE of five tracks', changed(HAVE, { 10: 5 }), 'tracks held 5'],
    ['HAVE of more tracks than follow', changed(HAVE, { 10: 2 }), 'bytes wanted'],
    ['HAVE of fewer tracks than follow', changed(HAVE, { 10: 0 }), '9 bytes behind the end'],
    ['NACK of too many wants', changed(NACK, { 12: MAX_WANTS + 1 }), 'wants 33'],
    ['NACK of chunks past the last', changed(NACK, { 19: 33 }), 'bytes of a bitmap 33'],
    ['NACK of all chunks, and some', changed(NACK, { 18: 2 }), 'all chunks are wanted'],
    ['SUBSCRIBE to a sixth stripe', changed(SUBSCRIBE, { 3: 32 }), 'stripes 32'],
    ['SUBSCRIBE with a name longer than any', changed(SUBSCRIBE, { 12: 65 }), 'length of a name 65'],
    ['SUBSCRIBE with a name that is no text', changed(SUBSCRIBE, { 13: 10 }), 'byte 10 in a name'],
    ['SUBSCRIBE with a token longer than any', changed(SUBSCRIBE, { 27: 3 }), 'bytes of a token 769'],
    ['GRANT with too many ancestors', changed(GRANT, { 13: MAX_PATH + 1 }), 'ancestors 13'],
    ['DENY for no reason', changed({ type: 'deny', reason: 'full' }, { 12: 5 }), 'reason 5'],
    [
      'SKIP back',
      changed({ type: 'skip', track: 0, from: 43, to: 43, reason: 'missing' }, { 4: 44 }),
      'parts from 44 to 43',
    ],
    ['BYE for no reason', changed(BYE, { 12: 5 }), 'reason 5'],
    ['BYE with a name that is not announced', changed(BYE, { 1: 0 }), '8 bytes behind the end'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseFrame(bytes)).toThrow(FrameError)
    expect(() => parseFrame(bytes)).toThrow(message)
  })

  it.each<[string, Frame, Readonly<Record<number, number>>]>([
    ['META', META, { 1: 0xff, 3: 0xff, 8: 0xff, 9: 0xff, 10: 0xff, 11: 0xff }],
    ['DATA', DATA, { 1: 0xff }],
    ['HAVE', HAVE, { 1: 0xff, 2: 0xff, 3: 0xff, 8: 0xff, 9: 0xff }],
    ['NACK', NACK, { 1: 0xff, 2: 0xff, 3: 0xff, 4: 0xff, 8: 0xff, 10: 0xff }],
    ['SUBSCRIBE', SUBSCRIBE, { 1: 0xff, 2: 0xff, 8: 0xff, 10: 0xff }],
  ])('ignores header fields and flags that %s does not use', (_, frame, bytes) => {
    expect(parseFrame(changed(frame, bytes))).toEqual(frame)
  })

  it('gives views on the message, where it lies in other bytes too', () => {
    const around = new Uint8Array(500)
    const message = around.subarray(100, 100 + encodeFrame(DATA).length)
    message.set(encodeFrame(DATA))
    const data = parseFrame(message)
    expect(data).toEqual(DATA)
    expect(data.type === 'data' && data.bytes.buffer === around.buffer).toBe(true)
    const meta = parseFrame(encodeFrame(META))
    expect(meta.type === 'meta' && meta.signed.buffer === meta.signature.buffer).toBe(true)
  })
})

describe('encodeFrame', () => {
  it.each<[string, Frame]>([
    ['a chunk of more than 16 KiB', { ...DATA, bytes: new Uint8Array(MAX_CHUNK_BYTES + 1) }],
    ['a chunk past the last', { ...DATA, chunk: 5 }],
    ['a number that is none', { ...DATA, number: Number.NaN }],
    ['a part before the first', { ...DATA, number: -1 }],
    ['a META longer than any', { ...META, signed: new Uint8Array(MAX_SIGNED_BYTES + 1) }],
    ['a signature cut short', { ...META, signature: new Uint8Array(SIGNATURE_BYTES - 1) }],
    ['a fifth track', { ...HAVE, holdings: [{ track: MAX_TRACKS, newest: 1, bitmap: 1 }] }],
    ['too many wants', { ...NACK, wants: Array.from({ length: MAX_WANTS + 1 }, () => NACK.wants).flat() }],
    [
      'a chunk that no part has',
      { type: 'nack', wants: [{ track: 0, number: 1, needsMeta: true, chunks: [MAX_PART_CHUNKS] }] },
    ],
    ['a token longer than any', { ...SUBSCRIBE, token: new Uint8Array(MAX_TOKEN_BYTES + 1) }],
    ['a name that is not ASCII', { ...SUBSCRIBE, program: 'prögramm' }],
    ['a name that is no peer id', { type: 'bye', reason: 'moved', alternative: 'somebody' }],
  ])('refuses %s', (_, frame) => {
    expect(() => encodeFrame(frame)).toThrow(FrameError)
  })

  it('takes times and rates as clocks and meters give them', () => {
    const echo = { sentAtMs: 2 ** 32 + 7.9, heldMs: 1e9 }
    const frame: Frame = { ...HAVE, sentAtMs: 2 ** 33 + 5.75, echo, spareKbps: Number.POSITIVE_INFINITY }
    expect(parseFrame(encodeFrame(frame))).toEqual({
      ...HAVE,
      sentAtMs: 5,
      echo: { sentAtMs: 7, heldMs: 0xffff },
      spareKbps: 0xffffffff,
    })
    expect(parseFrame(encodeFrame({ type: 'hold', forMs: 1e6 }))).toEqual({ type: 'hold', forMs: 0xffff })
  })

  it('makes a heartbeat of two tracks no longer than 48 bytes', () => {
    const holdings = [0, 1].map((track) => ({ track, newest: 2 ** 32 - 1, bitmap: 2 ** 32 - 1 }))
    expect(encodeFrame({ ...HAVE, holdings }).length).toBeLessThanOrEqual(48)
  })

  it('takes the META of a part with as many chunks and names as long as may be, and none longer', () => {
    const { meta } = parseMeta(smallPart(SMALL_VIDEO, 40).bytes)
    const longest = 'x'.repeat(MAX_NAME_BYTES)
    const signed = encodeMeta({
      ...meta,
      header: { ...meta.header, program: longest, track: longest },
      chunkHashes: Array.from({ length: MAX_PART_CHUNKS }, () => new Uint8Array(16)),
    })
    expect(signed.length).toBe(MAX_SIGNED_BYTES)
    expect(parseFrame(encodeFrame({ ...META, signed }))).toEqual({ ...META, signed })
  })

  it('makes the longest chunk and the longest META shorter than a message may be', () => {
    const longest = [
      { ...DATA, bytes: new Uint8Array(MAX_CHUNK_BYTES) },
      { ...META, signed: new Uint8Array(MAX_SIGNED_BYTES) },
    ]
    for (const frame of longest) expect(encodeFrame(frame).length).toBeLessThan(MAX_MESSAGE_BYTES)
  })
})

it('media go on media, heartbeats on heartbeat, everything else where nothing is lost', () => {
  const channels: Record<FrameType, Channel> = {
    meta: 'media',
    data: 'media',
    have: 'heartbeat',
    nack: 'control',
    subscribe: 'control',
    grant: 'control',
    deny: 'control',
    hold: 'control',
    skip: 'control',
    bye: 'control',
  }
  const types = Object.keys(FRAME_CODES) as FrameType[]
  expect(Object.fromEntries(types.map((type) => [type, channelOf(type)]))).toEqual(channels)
})
