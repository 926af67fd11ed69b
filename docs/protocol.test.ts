import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MAX_CHUNK_BYTES, MIN_CHUNKS, PARTS_PER_SECOND, PARTS_PER_SEGMENT } from '../media/part.ts'
import {
  BYE_REASONS,
  DENY_REASONS,
  FRAME_CODES,
  MAX_PART_CHUNKS,
  MAX_PATH,
  MAX_SIGNED_BYTES,
  MAX_TOKEN_BYTES,
  MAX_TRACKS,
  MAX_WANTS,
  SKIP_REASONS,
  STRIPES,
} from '../cascade/frame/frame.ts'
import { MAX_TOKEN_LIFE_MS, TOKEN_SKEW_MS } from '../cascade/token.ts'
import { CHANNEL_IDS, MAX_MESSAGE_BYTES, MEDIA_LIFETIME_MS } from '../cascade/transport.ts'
import cascade from '../tests/vectors/cascade.json' with { type: 'json' }
import vectors from '../tests/vectors/parts.json' with { type: 'json' }

const page = readFileSync(new URL('protocol.md', import.meta.url), 'utf8')
const framesPage = readFileSync(new URL('cascade-frames.md', import.meta.url), 'utf8')
/** Hexadecimal fields at the start of a line; the explanation stands behind more than one space. */
const FIELDS = /^(?:[0-9a-f]{2,} ?)+(?= |$)/

/** The bytes of each block of a page, in hexadecimal. */
function bytesShown(text: string): string[] {
  return [...text.matchAll(/```hex\n([^]*?)```/g)].map(([, block = '']) => {
    const shown = block.split('\n').map((line) => FIELDS.exec(line)?.[0] ?? '')
    return shown.join('').replaceAll(' ', '')
  })
}

describe('docs/protocol.md', () => {
  it('shows the part of the first vector, to the last byte', () => {
    expect(bytesShown(page)).toEqual([vectors.parts[0]?.bytes])
  })

  it('gives the numbers that the code has', () => {
    expect(page).toContain(`floor(${PARTS_PER_SECOND} · *t*)`)
    expect(page).toContain(`*k* >> ${Math.log2(PARTS_PER_SEGMENT)}`)
    expect(page).toContain(`max(${MIN_CHUNKS}, ⌈*b* / ${MAX_CHUNK_BYTES}⌉)`)
  })
})

describe('docs/cascade-frames.md', () => {
  it('shows the first vector of every kind of frame, to the last byte', () => {
    const kinds = Object.keys(FRAME_CODES)
    const first = kinds.map((kind) => cascade.frames.find(({ frame }) => frame.type === kind)?.bytes)
    expect(bytesShown(framesPage)).toEqual(first)
  })

  it('shows a SUBSCRIBE that holds the token of the vectors', () => {
    const subscribe = cascade.frames.find(({ frame }) => frame.type === 'subscribe')
    expect(subscribe?.bytes.endsWith(cascade.token.bytes)).toBe(true)
  })

  it('gives the kinds, channels and reasons that the code has', () => {
    const kinds = Object.entries(FRAME_CODES).map(([type, code]) => `${code} ${type.toUpperCase()}`)
    expect(framesPage).toContain(`| ${kinds.join(', ')}.`)
    for (const [channel, id] of Object.entries(CHANNEL_IDS))
      expect(framesPage).toContain(`| ${channel} | ${id} |`)
    for (const reasons of [DENY_REASONS, SKIP_REASONS, BYE_REASONS])
      expect(framesPage).toContain(
        `| reason | ${reasons.map((reason, at) => `${at} \`${reason}\``).join(', ')} |`,
      )
  })

  it.each([
    `of ${MAX_MESSAGE_BYTES} bytes at most`,
    `given up after ${MEDIA_LIFETIME_MS} ms`,
    `list of tracks, 0 to ${MAX_TRACKS - 1} |`,
    `at most ${MAX_SIGNED_BYTES}, which is a part of ${MAX_PART_CHUNKS} chunks`,
    `1 to ${MAX_PART_CHUNKS}; and stripe, which must be (chunk + number) mod ${STRIPES}.`,
    `1 to ${MAX_CHUNK_BYTES} bytes`,
    `of tracks, at most ${MAX_TRACKS}.`,
    `| wants | at most ${MAX_WANTS},`,
    `| at most ${MAX_TOKEN_BYTES}; 0 where`,
    `| 1 | *n* | at most ${MAX_PATH} |`,
    `${MAX_TOKEN_LIFE_MS / 1000} s away`,
    `may differ by ${TOKEN_SKEW_MS / 1000} s`,
  ])('gives the limit that the code has: %s', (text) => {
    expect(framesPage).toContain(text)
  })
})
