import { describe, expect, it } from 'vitest'
import { GopRing } from './gop-ring.ts'

const HEADERS = { file: Buffer.alloc(13), tagsAt: () => Buffer.alloc(0) }

function fill(ring: GopRing, fromMs: number, toMs: number, options: { gopMs?: number; bytes?: number } = {}) {
  const { gopMs = 2000, bytes = 1000 } = options
  for (let at = fromMs; at < toMs; at += 100) {
    const startsGop = at % gopMs === 0
    ring.append({ bytes: Buffer.alloc(bytes), timestampMs: at, lastMs: at, startsGop, headers: HEADERS })
  }
}

describe('a ring of GOPs', () => {
  it('holds at least its time, in whole GOPs, and no more than one GOP above it', () => {
    const ring = new GopRing({ minMs: 10_000, maxBytes: 1e9 })
    fill(ring, 0, 60_000)
    expect(ring.findJoin(1e9)).toMatchObject({ timestampMs: 48_000, startsGop: true })
    expect(ring.bytes).toBe(120 * 1000)
  })

  it('begins at the newest keyframe, or at the newest that is far enough back', () => {
    const ring = new GopRing({ minMs: 10_000, maxBytes: 1e9 })
    fill(ring, 0, 31_000)
    expect(ring.findJoin(0)?.timestampMs).toBe(30_000)
    expect(ring.findJoin(9000)?.timestampMs).toBe(20_000)
    expect(ring.findJoin(900)?.timestampMs).toBe(30_000)
    expect(ring.findJoin(901)?.timestampMs).toBe(28_000)
  })

  it('drops what came before the first keyframe', () => {
    const ring = new GopRing({ minMs: 10_000, maxBytes: 1e9 })
    fill(ring, 500, 2500)
    expect(ring.bytes).toBe(5 * 1000)
    expect(ring.find(0)).toBeUndefined()
    expect(ring.find(15)?.timestampMs).toBe(2000)
  })

  it('gives up GOPs before it grows over its bytes', () => {
    const ring = new GopRing({ minMs: 10_000, maxBytes: 50_000 })
    fill(ring, 0, 60_000)
    expect(ring.bytes).toBeLessThanOrEqual(50_000)
    expect(ring.findJoin(1e9)?.timestampMs).toBe(56_000)
  })

  it('lets nobody begin in a GOP it could not hold whole', () => {
    const ring = new GopRing({ minMs: 10_000, maxBytes: 10_000 })
    fill(ring, 0, 8000, { gopMs: 100_000 })
    expect(ring.bytes).toBeLessThanOrEqual(10_000)
    expect(ring.findJoin(0)).toBeUndefined()
    expect(ring.find(ring.end - 1)).toBeDefined()
  })

  it('counts the bytes from a place to the newest', () => {
    const ring = new GopRing({ minMs: 10_000, maxBytes: 1e9 })
    fill(ring, 0, 1000)
    expect(ring.bytesSince(7)).toBe(3000)
    expect(ring.bytesSince(10)).toBe(0)
    expect(ring.find(10)).toBeUndefined()
  })
})
