/** Where a peer hangs, by its first parent that can be used. Pure. */
import { MAX_PATH } from '../frame/frame.ts'
import type { Parent } from './parent.ts'
import type { PeerId } from '../peer-id.ts'

/** Hops from the root; null while nobody has granted anything. */
export function depthBelow(parents: readonly Parent[]): number | null {
  const above = nearest(parents)?.depth
  return above === null || above === undefined ? null : above + 1
}

/** Ancestors, nearest first. */
export function pathBelow(parents: readonly Parent[]): PeerId[] {
  const parent = nearest(parents)
  return parent ? [parent.id, ...parent.path].slice(0, MAX_PATH) : []
}

function nearest(parents: readonly Parent[]): Parent | undefined {
  return parents.find(({ isUsable }) => isUsable) ?? parents.find(({ depth }) => depth !== null)
}
