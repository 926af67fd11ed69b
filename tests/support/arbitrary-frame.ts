/** Frames of every kind with every field anything it may be, for property tests. */
import fc from 'fast-check'
import {
  ALL_STRIPES,
  BYE_REASONS,
  DENY_REASONS,
  MAX_PART_CHUNKS,
  MAX_PATH,
  MAX_SIGNED_BYTES,
  MAX_TOKEN_BYTES,
  MAX_TRACKS,
  MAX_WANTS,
  SKIP_REASONS,
  type Frame,
  type FrameType,
} from '../../cascade/frame/frame.ts'
import { PEER_ID_PATTERN } from '../../cascade/peer-id.ts'
import { MAX_CHUNK_BYTES, SIGNATURE_BYTES } from '../../media/part.ts'

const u16 = fc.nat({ max: 0xffff })
const u32 = fc.nat({ max: 0xffffffff })
const track = fc.nat({ max: MAX_TRACKS - 1 })
const peerId = fc.stringMatching(PEER_ID_PATTERN)
const name = fc.stringMatching(/^[!-~]{0,64}$/)

/** Short as a rule, and now and then as long as may be. */
function bytes(minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> {
  const longest = fc.nat({ max: 255 }).map((byte) => new Uint8Array(maxLength).fill(byte))
  return fc.oneof(
    { weight: 9, arbitrary: fc.uint8Array({ minLength, maxLength: Math.min(maxLength, minLength + 40) }) },
    { weight: 1, arbitrary: longest },
  )
}

const chunks = fc
  .uniqueArray(fc.nat({ max: MAX_PART_CHUNKS - 1 }))
  .map((list) => list.toSorted((one, other) => one - other))

const place = fc
  .integer({ min: 1, max: MAX_PART_CHUNKS })
  .chain((chunkCount) => fc.nat({ max: chunkCount - 1 }).map((chunk) => ({ chunk, chunkCount })))

export const FRAMES: { [Type in FrameType]: fc.Arbitrary<Extract<Frame, { type: Type }>> } = {
  meta: fc.record({
    type: fc.constant('meta'),
    track,
    number: u32,
    signed: bytes(0, MAX_SIGNED_BYTES),
    signature: fc.uint8Array({ minLength: SIGNATURE_BYTES, maxLength: SIGNATURE_BYTES }),
  }),
  data: fc
    .tuple(place, fc.record({ track, number: u32, bytes: bytes(1, MAX_CHUNK_BYTES) }))
    .map(([at, rest]) => ({ type: 'data', ...at, ...rest })),
  have: fc.record({
    type: fc.constant('have'),
    sequence: u32,
    received: u32,
    sentAtMs: u32,
    echo: fc.option(fc.record({ sentAtMs: u32, heldMs: u16 })),
    spareKbps: u32,
    holdings: fc.array(fc.record({ track, newest: u32, bitmap: u32 }), { maxLength: MAX_TRACKS }),
  }),
  nack: fc.record({
    type: fc.constant('nack'),
    wants: fc.array(fc.record({ track, number: u32, needsMeta: fc.boolean(), chunks: fc.option(chunks) }), {
      maxLength: MAX_WANTS,
    }),
  }),
  subscribe: fc.record({
    type: fc.constant('subscribe'),
    stripes: fc.nat({ max: ALL_STRIPES }),
    from: u32,
    program: name,
    rendition: name,
    token: bytes(0, MAX_TOKEN_BYTES),
  }),
  grant: fc.record({
    type: fc.constant('grant'),
    depth: fc.nat({ max: 255 }),
    path: fc.array(peerId, { maxLength: MAX_PATH }),
  }),
  deny: fc.record({ type: fc.constant('deny'), reason: fc.constantFrom(...DENY_REASONS) }),
  hold: fc.record({ type: fc.constant('hold'), forMs: u16 }),
  skip: fc
    .record({ track, range: fc.tuple(u32, u32), reason: fc.constantFrom(...SKIP_REASONS) })
    .map(({ track, range, reason }) => {
      const [from, to] = [Math.min(...range), Math.max(...range)]
      return { type: 'skip', track, from, to, reason }
    }),
  bye: fc.record({
    type: fc.constant('bye'),
    reason: fc.constantFrom(...BYE_REASONS),
    alternative: fc.option(peerId),
  }),
}

export const anyFrame: fc.Arbitrary<Frame> = fc.oneof(...Object.values(FRAMES))
