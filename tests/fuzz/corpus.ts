/**
 * The seeds of the fuzz tests, and what is done to them. Files that once made something fail stay,
 * with a name that says what; record-corpus.ts makes the others.
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'

export interface Seed {
  name: string
  bytes: Uint8Array
  /** Places that a damaged one may be whole up to, so that what lies behind them is reached. */
  landmarks?: readonly number[]
}

export interface Damaged {
  /** As it was. */
  head: Uint8Array
  tail: Uint8Array
}

/** Runs of each property; `FUZZ_RUNS` for a longer search. */
export function fuzzRuns(usual: number): { numRuns: number } {
  return { numRuns: Number(process.env['FUZZ_RUNS'] ?? usual) || usual }
}

/** `good-…` files are whole and right, all others are not. */
export function readCorpus(folder: 'rtmp' | 'flv'): Seed[] {
  const root = path.join(import.meta.dirname, 'corpus', folder)
  return readdirSync(root)
    .toSorted()
    .map((name) => ({ name, bytes: Uint8Array.from(readFileSync(path.join(root, name))) }))
}

type Change = (bytes: Uint8Array) => Uint8Array

const place = fc.double({ min: 0, max: 1, noNaN: true })
/** Where lengths and counts go wrong. */
const LIMITS = [0, 1, 3, 4, 127, 128, 255, 256, 0xffff, 0x10000, 0xfffffe, 0xffffff, 0x7fffffff, 0xffffffff]
const noise = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.array(fc.nat({ max: 20 }), { maxLength: 300 }).map((bytes) => Uint8Array.from(bytes)),
)

/** One of the seeds, whole up to one of its landmarks, and damaged in a few places behind it. */
export function damaged(seeds: readonly Seed[]): fc.Arbitrary<Damaged> {
  const changes = fc.array(anyChange(seeds), { minLength: 1, maxLength: 5 })
  const kept = seeds.flatMap(({ bytes, landmarks = [] }) => [0, ...landmarks].map((at) => ({ bytes, at })))
  return fc.tuple(fc.constantFrom(...kept), changes).map(([{ bytes, at }, list]) => {
    const tail = list.reduce<Uint8Array>((changed, change) => change(changed), bytes.slice(at))
    return { head: bytes.subarray(0, at), tail }
  })
}

function anyChange(seeds: readonly Seed[]): fc.Arbitrary<Change> {
  const at = (bytes: Uint8Array, where: number): number => Math.floor(where * bytes.length)
  return fc.oneof(
    fc.tuple(place, fc.nat({ max: 255 })).map(([where, value]): Change => {
      return (bytes) => overwritten(bytes, at(bytes, where), [value])
    }),
    fc
      .tuple(place, fc.constantFrom(...LIMITS), fc.constantFrom(1, 2, 3, 4))
      .map(([where, value, size]): Change => {
        return (bytes) => overwritten(bytes, at(bytes, where), bigEndian(value, size))
      }),
    fc.tuple(place, noise).map(([where, added]): Change => {
      return (bytes) => join(bytes.subarray(0, at(bytes, where)), added, bytes.subarray(at(bytes, where)))
    }),
    fc.tuple(place, fc.nat({ max: 64 })).map(([where, count]): Change => {
      return (bytes) => join(bytes.subarray(0, at(bytes, where)), bytes.subarray(at(bytes, where) + count))
    }),
    place.map(
      (where): Change =>
        (bytes) =>
          bytes.subarray(0, at(bytes, where)),
    ),
    fc.tuple(place, place).map(([from, to]): Change => {
      return (bytes) => join(bytes, bytes.subarray(at(bytes, from), at(bytes, from) + at(bytes, to)))
    }),
    fc.tuple(place, fc.constantFrom(...seeds), place).map(([where, other, from]): Change => {
      return (bytes) => join(bytes.subarray(0, at(bytes, where)), other.bytes.subarray(at(other.bytes, from)))
    }),
  )
}

function overwritten(bytes: Uint8Array, at: number, values: readonly number[]): Uint8Array {
  const changed = bytes.slice()
  values.forEach((value, index) => {
    if (at + index < changed.length) changed[at + index] = value
  })
  return changed
}

function bigEndian(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, index) => Math.floor(value / 256 ** (size - 1 - index)) % 256)
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}
