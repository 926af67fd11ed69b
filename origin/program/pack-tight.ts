/** A GOP that has begun, as close together as FLV's clock can tell its frames apart, in the order of decoding and of showing. Pure. */

export interface FrameTimes {
  dtsMs: number
  ptsMs: number
}

export interface TightFrames {
  /** In decode order: decode times against the last frame's, times shown against the reference's. */
  frames: FrameTimes[]
  /**
   * The newest frame before which nothing is missing, by its time shown on the source's clock. Those before it are shown a
   * millisecond apart; those behind it, between which frames are still to come, keep their distance.
   */
  referencePtsMs: number
  /** How many frames are shown up to the reference. */
  tightCount: number
  /** How much later the reference must be shown than the last frame is decoded, for no frame to be shown before it is decoded. */
  delayMs: number
}

/** `times`: in decode order from a keyframe; at least one. */
export function packTight(times: readonly FrameTimes[]): TightFrames {
  const last = times.length - 1
  const lastDtsMs = times[last]?.dtsMs ?? 0
  // What is shown later than the newest decode time may have frames between it that have not come yet.
  const settled = times.map(({ ptsMs }) => ptsMs).filter((ptsMs) => ptsMs <= lastDtsMs)
  const referencePtsMs = settled.length > 0 ? Math.max(...settled) : (times[0]?.ptsMs ?? 0)
  const order = times
    .map((_, index) => index)
    .filter((index) => (times[index]?.ptsMs ?? 0) <= referencePtsMs)
    .toSorted((a, b) => (times[a]?.ptsMs ?? 0) - (times[b]?.ptsMs ?? 0))
  const ranks = new Map(order.map((index, rank) => [index, rank]))
  const frames = times.map(({ ptsMs }, index) => {
    const rank = ranks.get(index)
    return {
      dtsMs: index - last,
      ptsMs: rank === undefined ? ptsMs - referencePtsMs : rank + 1 - order.length,
    }
  })
  const delayMs = Math.max(...frames.map(({ dtsMs, ptsMs }) => dtsMs - ptsMs))
  return { frames, referencePtsMs, tightCount: order.length, delayMs }
}
