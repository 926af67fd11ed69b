/** Which rendition to play: down at once when the network cannot carry it, up slowly and one rung at a time. */

export interface RenditionFacts {
  name: string
  height: number
  bitrateKbps: number
}

export interface RenditionInput {
  /** any order; at least one */
  renditions: readonly RenditionFacts[]
  current: string
  /** null: nothing measured yet */
  estimateKbps: number | null
  /** loaded media ahead of the playhead, as a share of what the mode aims at */
  reserveShare: number
  /** height of the picture on screen in device pixels; null: not known */
  displayHeight: number | null
  /** since the last change of rendition */
  sinceSwitchMs: number
  /** since the last switch down that was forced by the network; Infinity when none was */
  sinceFallMs: number
}

/** Share of the estimate a rendition may use: to stay, and to go up. */
const STAY_SHARE = 0.9
const RISE_SHARE = 0.65
const RISE_AFTER_MS = 8000
const RISE_AFTER_FALL_MS = 30_000
const STARVED_SHARE = 0.35
const FALL_AGAIN_MS = 2500

/** The name of the rendition to play now. */
export function chooseRendition(input: RenditionInput): string {
  const rungs = [...input.renditions].sort((a, b) => a.bitrateKbps - b.bitrateKbps)
  const lowest = rungs[0]
  if (!lowest) return input.current
  const index = rungs.findIndex((rung) => rung.name === input.current)
  const current = rungs[index]
  if (!current) return startRendition(input.renditions, input.estimateKbps, input.displayHeight)
  if (input.sinceSwitchMs < FALL_AGAIN_MS) return current.name
  if (input.estimateKbps !== null && mustFall(input, current))
    return best(rungs.slice(0, index), input.estimateKbps, STAY_SHARE * 0.8)?.name ?? lowest.name
  const next = rungs[index + 1]
  if (next && mayRise(input, current, next)) return next.name
  return current.name
}

/** The rendition to begin with: what the screen shows and the network is known to carry, else the middle of the ladder. */
export function startRendition(
  renditions: readonly RenditionFacts[],
  estimateKbps: number | null,
  displayHeight: number | null,
): string {
  const rungs = [...renditions].sort((a, b) => a.bitrateKbps - b.bitrateKbps)
  const useful = rungs.filter((_, i) => i === 0 || (rungs[i - 1]?.height ?? 0) < (displayHeight ?? Infinity))
  const pick =
    estimateKbps === null ? useful[Math.floor(useful.length / 2)] : best(useful, estimateKbps, RISE_SHARE)
  return (pick ?? rungs[0])?.name ?? ''
}

function mustFall(input: RenditionInput, current: RenditionFacts): boolean {
  const estimate = input.estimateKbps ?? Infinity
  if (estimate * STAY_SHARE < current.bitrateKbps) return true
  return input.reserveShare < STARVED_SHARE && estimate * RISE_SHARE < current.bitrateKbps
}

function mayRise(input: RenditionInput, current: RenditionFacts, next: RenditionFacts): boolean {
  if (input.estimateKbps === null || input.estimateKbps * RISE_SHARE < next.bitrateKbps) return false
  if (input.displayHeight !== null && current.height >= input.displayHeight) return false
  const wait = input.sinceFallMs < RISE_AFTER_FALL_MS * 2 ? RISE_AFTER_FALL_MS : RISE_AFTER_MS
  return input.sinceSwitchMs >= wait && input.reserveShare > 0.7
}

function best(
  rungs: readonly RenditionFacts[],
  estimateKbps: number,
  share: number,
): RenditionFacts | undefined {
  return [...rungs].reverse().find((rung) => rung.bitrateKbps <= estimateKbps * share)
}
