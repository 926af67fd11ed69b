/**
 * Gap: when a part was complete minus when it was due, which is after as long as parts at its place in the segment usually take to
 * this peer: the one that begins it is larger, and those after it queue behind it where lines are well used.
 */
import { PARTS_PER_SEGMENT } from '../../../media/part.ts'
import type { Member, World } from '../world/world.ts'
import { median } from './distribution.ts'

/** Ten of each place. */
const USUAL_PARTS = 80

/** What parts took to get here lately, ms after their publication, by their place in the segment. */
export type UsualDelay = readonly number[]

/** Of the last `parts` parts: a whole number of segments. */
export function usualDelay({ stream }: World, member: Member, parts = USUAL_PARTS): UsualDelay {
  const delays: number[][] = Array.from({ length: PARTS_PER_SEGMENT }, () => [])
  for (let number = stream.newest; number > stream.newest - parts; number -= 1) {
    const atMs = member.delays.completeAtMs(number)
    if (atMs !== null) delays[number % PARTS_PER_SEGMENT]?.push(atMs - stream.publishedAtMs(number))
  }
  return delays.map(median)
}

/** What is late by neither of two, say those of a place in the tree and of the next. */
export function laterOf(one: UsualDelay, other: UsualDelay): UsualDelay {
  return one.map((ms, place) => Math.max(ms, other[place] ?? 0))
}

/** Of the parts that begin no segment. */
export function usualOtherMs(usual: UsualDelay): number {
  return median(usual.slice(1))
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
    const usualMs = usual[number % PARTS_PER_SEGMENT] ?? 0
    if (atMs === null) lost += 1
    else worstMs = Math.max(worstMs, atMs - stream.publishedAtMs(number) - usualMs)
  }
  return { worstMs, lost }
}
