/** Which renditions a source gets, at what output rate. Pure. Rungs go by the shorter side and are never larger than the source. */

export interface SourceShape {
  width: number
  height: number
  /** Frames per second, announced or measured; null where nobody knows. */
  frameRate: number | null
}

export interface LadderConfig {
  renditions: readonly { name: string; height: number; bitrateKbps: number }[]
  /** Whether a rung of the source's own size is added where no configured one has it. */
  sourceHeight: boolean
}

export interface Rendition {
  name: string
  width: number
  height: number
  fps: number
  bitrateKbps: number
}

/** A program's output rate has a whole number of frames in two seconds. */
export const OUTPUT_RATES = [24, 25, 30, 50, 60] as const
const DEFAULT_RATE = 30
const RATE_TOLERANCE = 0.5
/** 400p at 500 kbit/s and 720p at 1500 lie on one curve: bitrate grows with height to this power. */
const REFERENCE = { height: 720, bitrateKbps: 1500 }
const BITRATE_EXPONENT = Math.log(1500 / 500) / Math.log(720 / 400)
const MIN_BITRATE_KBPS = 120
const HIGH_RATE_FACTOR = 1.4

/** The lowest output rate that shows every frame; a slower source gets one its rate divides. */
export function chooseRate(frameRate: number | null): number {
  if (frameRate === null || frameRate <= 0) return DEFAULT_RATE
  const divided = OUTPUT_RATES.find((rate) => frameRate < 23 && isMultiple(rate, frameRate))
  return divided ?? OUTPUT_RATES.find((rate) => rate + RATE_TOLERANCE >= frameRate) ?? 60
}

/** Highest first. A source smaller than every rung gets one of its own size. */
export function chooseLadder(source: SourceShape, config: LadderConfig): Rendition[] {
  const fps = chooseRate(source.frameRate)
  const shorter = evenWithin(Math.min(source.width, source.height))
  const rungs = config.renditions.filter((rung) => rung.height <= shorter)
  const hasOwn = rungs.some((rung) => rung.height === shorter)
  if (!hasOwn && (config.sourceHeight || rungs.length === 0))
    rungs.push({ name: `${shorter}p`, height: shorter, bitrateKbps: bitrateFor(shorter) })
  return rungs
    .sort((a, b) => b.height - a.height)
    .map(({ name, height, bitrateKbps }) => {
      const factor = fps > 30 ? HIGH_RATE_FACTOR : 1
      return { name, ...scale(source, height), fps, bitrateKbps: Math.round(bitrateKbps * factor) }
    })
}

export function bitrateFor(height: number): number {
  const bitrateKbps = REFERENCE.bitrateKbps * (height / REFERENCE.height) ** BITRATE_EXPONENT
  return Math.max(MIN_BITRATE_KBPS, Math.round(bitrateKbps / 10) * 10)
}

/** The picture with its shorter side at a height, the other in proportion; both even, as 4:2:0 wants. */
function scale(source: SourceShape, height: number): { width: number; height: number } {
  const shorter = Math.min(source.width, source.height)
  const longer = Math.max(source.width, source.height)
  const long = Math.min(Math.round((longer * height) / shorter / 2) * 2, evenWithin(longer))
  return source.width >= source.height ? { width: long, height } : { width: height, height: long }
}

function isMultiple(rate: number, of: number): boolean {
  return Math.abs(rate / of - Math.round(rate / of)) < 0.02
}

function evenWithin(size: number): number {
  return Math.max(2, Math.floor(size / 2) * 2)
}
