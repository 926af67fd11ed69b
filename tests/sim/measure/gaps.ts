/**
 * Gap: when a part was complete minus when it was due, which is after as long as parts of its kind usually take to this peer;
 * those that begin a segment are larger, and take longer on any day.
 */
import { PARTS_PER_SEGMENT } from '../../../media/part.ts'
import type { Member, World } from '../world/world.ts'
import { median } from './distribution.ts'

const USUAL_PARTS = 80

/** What parts took to get here lately, ms after their publication. */
export interface UsualDelay {
  firstMs: number
  otherMs: number
}

export function usualDelay({ stream }: World, member: Member): UsualDelay {
  const first: number[] = []
  const other: number[] = []
  for (let number = stream.newest; number > stream.newest - USUAL_PARTS; number -= 1) {
    const atMs = member.delays.completeAtMs(number)
    if (atMs !== null) (isFirst(number) ? first : other).push(atMs - stream.publishedAtMs(number))
  }
  return { firstMs: median(first), otherMs: median(other) }
}

export interface Gap {
  worstMs: number
  /** Parts that were not here at all in the end. */
  lost: number
}

/** Of the parts from `from` to `to`, both included; they must be due by now. */
export function gapOf(
  { stream }: World,
  member: Member,
  [from, to]: [number, number],
  usual: UsualDelay,
): Gap {
  let worstMs = 0
  let lost = 0
  for (let number = from; number <= to; number += 1) {
    const atMs = member.delays.completeAtMs(number)
    const usualMs = isFirst(number) ? usual.firstMs : usual.otherMs
    if (atMs === null) lost += 1
    else worstMs = Math.max(worstMs, atMs - stream.publishedAtMs(number) - usualMs)
  }
  return { worstMs, lost }
}

function isFirst(number: number): boolean {
  return number % PARTS_PER_SEGMENT === 0
}
