/**
 * A picture that counts its own frames: drawn by ffmpeg as black and white blocks along the top, readable after encoding and
 * scaling, in a page and in decoded frames. The counter goes on by the wall clock when the publisher is started again.
 */

/** 24 bits of the counter and 8 of a checksum, one block each, a block as high as it is wide. */
export const COUNTER_BITS = 32
const VALUE_BITS = 24
const MODULUS = 2 ** VALUE_BITS
/** A black picture would read as 0: the checksum is never that of nothing. */
const CHECKSUM_SALT = 0xa5
/**
 * So long is the white flash, and the beep with it, at the start of every second: a band below the counter, for a whole white
 * picture would cost an encoder of few bits the blocks of the counter.
 */
export const FLASH_SECONDS = 0.1
/** Times of frames are rounded: a flash that is due exactly now must not come a frame late. */
const ROUNDING_SECONDS = 0.001

export interface CounterPicture {
  /** `320x180` */
  size: string
  fps: number
  sampleRate: number
  /** Wall clock of the first frame. */
  startMs: number
}

/** The counter of a frame made then. */
export function counterAt(wallMs: number, fps: number): number {
  return Math.round((wallMs * fps) / 1000) % MODULUS
}

/** Signed distance from one counter to another, over the wrap. */
export function counterDistance(from: number, to: number): number {
  return ((to - from + MODULUS + MODULUS / 2) % MODULUS) - MODULUS / 2
}

/** lavfi sources of picture and sound; both begin at the same moment. */
export function counterInputs({ size, fps, sampleRate, startMs }: CounterPicture): {
  video: string
  audio: string
} {
  const first = counterAt(startMs, fps)
  const phase = ((first % fps) / fps + ROUNDING_SECONDS).toFixed(6)
  const box = (enable: string, place: string): string => `drawbox=enable='${enable}':${place}:t=fill`
  const blocks = Array.from({ length: COUNTER_BITS }, (_, bit) =>
    box(
      isSetExpression(bit, first),
      `x=iw*${bit}/${COUNTER_BITS}:y=0:w=iw/${COUNTER_BITS}:h=iw/${COUNTER_BITS}:color=white`,
    ),
  )
  const video = [
    // Bars that stand still: a rung of few bits must not spend them on anything but the counter.
    `smptebars=s=${size}:r=${fps}`,
    box('1', `x=0:y=iw/${COUNTER_BITS}:w=iw:h=iw*2/${COUNTER_BITS}:color=black`),
    box(
      `lt(mod(t+${phase}\\,1)\\,${FLASH_SECONDS})`,
      `x=0:y=iw/${COUNTER_BITS}:w=iw:h=iw*2/${COUNTER_BITS}:color=white`,
    ),
    box('1', `x=0:y=0:w=iw:h=iw/${COUNTER_BITS}:color=black`),
    ...blocks,
  ].join(',')
  const tone = `if(lt(mod(t+${phase}\\,1)\\,${FLASH_SECONDS})\\,0.8*sin(2*PI*1000*t)\\,0)`
  return { video, audio: `aevalsrc='${tone}':s=${sampleRate}:c=stereo` }
}

/** An expression of ffmpeg's over the frame number `n`. */
function isSetExpression(bit: number, first: number): string {
  const value = (at: number): string => `mod(floor((n+${first})/${2 ** at})\\,2)`
  if (bit < VALUE_BITS) return value(bit)
  const at = bit - VALUE_BITS
  const salt = (CHECKSUM_SALT >> at) & 1
  return `mod(${salt}+${value(at)}+${value(at + 8)}+${value(at + 16)}\\,2)`
}

/** The counter out of a row of brightness values through the middle of the blocks; null where there is none. */
export function readCounter(row: ArrayLike<number>, width: number): number | null {
  let value = 0
  let sum = 0
  for (let bit = 0; bit < COUNTER_BITS; bit++) {
    const isSet = (row[Math.floor(((bit + 0.5) * width) / COUNTER_BITS)] ?? 0) > 128 ? 1 : 0
    if (bit < VALUE_BITS) value += isSet * 2 ** bit
    else sum |= isSet << (bit - VALUE_BITS)
  }
  return sum === ((value ^ (value >> 8) ^ (value >> 16) ^ CHECKSUM_SALT) & 0xff) ? value : null
}

/** Runs in a page: installs `window.readCounter(video)`, the counter in the frame the video shows, or null. */
export const COUNTER_READER = `
window.readCounter = (video) => {
  const width = video.videoWidth
  if (!width) return null
  const canvas = (window.readCounter.canvas ??= document.createElement('canvas'))
  if (canvas.width !== width) { canvas.width = width; canvas.height = 1 }
  const context = (window.readCounter.context ??= canvas.getContext('2d', { willReadFrequently: true }))
  context.drawImage(video, 0, Math.floor(width / ${COUNTER_BITS} / 2), width, 1, 0, 0, width, 1)
  const pixels = context.getImageData(0, 0, width, 1).data
  let value = 0, sum = 0
  for (let bit = 0; bit < ${COUNTER_BITS}; bit++) {
    const isSet = pixels[Math.floor((bit + 0.5) * width / ${COUNTER_BITS}) * 4] > 128 ? 1 : 0
    if (bit < ${VALUE_BITS}) value += isSet * 2 ** bit
    else sum |= isSet << (bit - ${VALUE_BITS})
  }
  return sum === ((value ^ (value >> 8) ^ (value >> 16) ^ ${CHECKSUM_SALT}) & 0xff) ? value : null
}
`
