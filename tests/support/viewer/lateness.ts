/** How late a viewer's parts were around a moment, beside how late they usually are. */
import type { MeteredPart, MeterReading } from './cascade-meter.ts'

export interface Lateness {
  /** of the part that was latest, beyond its viewer's usual */
  gapMs: number
  /** that neither peers nor HTTP brought */
  lost: number
  overHttp: number
  parts: number
}

export interface Window {
  fromMs: number
  toMs: number
}

/** What is usual is taken from so long before. */
const USUAL_MS = 8000

/** Parts that the edge had within the window; `availableAtMs` by running number. */
export function latenessIn(
  window: Window,
  reading: Pick<MeterReading, 'parts'>,
  track: string,
  availableAtMs: ReadonlyMap<number, number>,
): Lateness {
  const first = firstArrivals(reading.parts, track)
  const usualMs = usualLagMs(first, availableAtMs, window.fromMs)
  const lateness: Lateness = { gapMs: 0, lost: 0, overHttp: 0, parts: 0 }
  for (const [number, atMs] of availableAtMs) {
    if (atMs < window.fromMs || atMs >= window.toMs) continue
    lateness.parts++
    const arrived = first.get(number)
    if (!arrived) lateness.lost++
    else {
      lateness.gapMs = Math.max(lateness.gapMs, Math.round(arrived.atMs - atMs - usualMs))
      if (arrived.pipe === 'http') lateness.overHttp++
    }
  }
  return lateness
}

function firstArrivals(parts: readonly MeteredPart[], track: string): Map<number, MeteredPart> {
  const first = new Map<number, MeteredPart>()
  for (const part of parts) if (part.track === track && !first.has(part.number)) first.set(part.number, part)
  return first
}

function usualLagMs(
  first: ReadonlyMap<number, MeteredPart>,
  availableAtMs: ReadonlyMap<number, number>,
  beforeMs: number,
): number {
  const lags: number[] = []
  for (const [number, atMs] of availableAtMs) {
    const arrived = first.get(number)
    if (arrived && atMs >= beforeMs - USUAL_MS && atMs < beforeMs) lags.push(arrived.atMs - atMs)
  }
  return lags.toSorted((a, b) => a - b)[lags.length >> 1] ?? 0
}
