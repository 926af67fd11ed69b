/** What encoding a ladder costs, and whether there is room for it. Pure; figures measured on two cores, see docs/benchmarks.md. */
import type { Rendition } from './ladder.ts'
import type { Notice } from './probe.ts'

/** Faster to slower. */
export const PRESETS = ['ultrafast', 'superfast', 'veryfast', 'faster', 'fast', 'medium'] as const
export type Preset = (typeof PRESETS)[number]

/** Cores per million pixels a second, for camera-like pictures. */
const CORES_PER_MEGAPIXEL: Record<Preset, number> = {
  ultrafast: 0.0045,
  superfast: 0.0065,
  veryfast: 0.0085,
  faster: 0.013,
  fast: 0.016,
  medium: 0.02,
}
const DECODE_CORES_PER_MEGAPIXEL = 0.0025
const CORES_PER_RUNG = 0.02

export interface Admission {
  preset: Preset
  /** Cores this program will take. */
  cores: number
}

export interface Capacity {
  /** Cores of the machine. */
  cores: number
  /** Cores that running programs take. */
  usedCores: number
  limitPercent: number
}

/** What a streamer is told where the preset was lowered to make room. */
export function noticesOf(wanted: Preset, given: Preset): Notice[] {
  if (wanted === given) return []
  const message = `the server encodes faster and a little coarser, ${given} instead of ${wanted}: its processor has no room for more`
  return [{ code: 'preset_lowered', message }]
}

/** Cores one program takes. */
export function estimateCores(
  source: { width: number; height: number },
  ladder: readonly Rendition[],
  preset: Preset,
): number {
  const fps = ladder[0]?.fps ?? 0
  const decode = (source.width * source.height * fps * DECODE_CORES_PER_MEGAPIXEL) / 1e6
  const encode = ladder.reduce((sum, rung) => {
    return sum + (rung.width * rung.height * rung.fps * CORES_PER_MEGAPIXEL[preset]) / 1e6 + CORES_PER_RUNG
  }, 0)
  return decode + encode
}

/** The wanted preset, or the slowest faster one that fits; null when not even the fastest does. */
export function admit(
  source: { width: number; height: number },
  ladder: readonly Rendition[],
  { preset, capacity }: { preset: Preset; capacity: Capacity },
): Admission | null {
  const budget = (capacity.cores * capacity.limitPercent) / 100 - capacity.usedCores
  for (let at = PRESETS.indexOf(preset); at >= 0; at--) {
    const candidate = PRESETS[at] ?? preset
    const cores = estimateCores(source, ladder, candidate)
    if (cores <= budget) return { preset: candidate, cores }
  }
  return null
}
