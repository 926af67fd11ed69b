/** Frames as close together as FLV's clock can tell them apart, in the order they are decoded and in the one they are shown in. Pure. */

export interface FrameTimes {
  dtsMs: number
  ptsMs: number
}

export interface TightFrames {
  /** In decode order. Decode times against the last frame's decode time, times shown against the newest picture: 0 or less. */
  frames: FrameTimes[]
  /** The latest time shown, by the frames' own clock. */
  newestPtsMs: number
  /** How much later a picture must be shown than it is decoded, at least, for all of them to be decoded before they are shown. */
  delayMs: number
}

export function packTight(times: readonly FrameTimes[]): TightFrames {
  const shown = times
    .map((_, index) => index)
    .toSorted((a, b) => (times[a]?.ptsMs ?? 0) - (times[b]?.ptsMs ?? 0))
  const ranks = new Map(shown.map((index, rank) => [index, rank]))
  const last = times.length - 1
  const rankOf = (index: number): number => ranks.get(index) ?? 0
  return {
    frames: times.map((_, index) => ({ dtsMs: index - last, ptsMs: rankOf(index) - last })),
    newestPtsMs: times[shown.at(-1) ?? 0]?.ptsMs ?? 0,
    delayMs: Math.max(0, ...times.map((_, index) => index - rankOf(index))),
  }
}
