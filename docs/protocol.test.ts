import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MAX_CHUNK_BYTES, MIN_CHUNKS, PARTS_PER_SECOND, PARTS_PER_SEGMENT } from '../media/part.ts'
import vectors from '../tests/vectors/parts.json' with { type: 'json' }

const page = readFileSync(new URL('protocol.md', import.meta.url), 'utf8')
/** Hexadecimal fields at the start of a line; the explanation stands behind more than one space. */
const FIELDS = /^(?:[0-9a-f]{2,} ?)+(?= |$)/

describe('docs/protocol.md', () => {
  it('shows the part of the first vector, to the last byte', () => {
    const [, block = ''] = /```hex\n([^]*?)```/.exec(page) ?? []
    const shown = block.split('\n').map((line) => FIELDS.exec(line)?.[0] ?? '')
    expect(shown.join('').replaceAll(' ', '')).toBe(vectors.parts[0]?.bytes)
  })

  it('gives the numbers that the code has', () => {
    expect(page).toContain(`floor(${PARTS_PER_SECOND} · *t*)`)
    expect(page).toContain(`*k* >> ${Math.log2(PARTS_PER_SEGMENT)}`)
    expect(page).toContain(`max(${MIN_CHUNKS}, ⌈*b* / ${MAX_CHUNK_BYTES}⌉)`)
  })
})
