/** A picture that says when it was made: the wall clock in black and white blocks along its top, readable after encoding and scaling. */
import { Publisher } from './publisher.ts'

export interface ClockPublisherOptions {
  url: string
  width?: number
  height?: number
  fps?: number
  bitrateKbps?: number
}

/** 32 bits of the time and 8 of a checksum, one block each. */
export const CLOCK_BITS = 40
const WHITE = 235
const BLACK = 16

/** Publishes frames made at the moment they are sent. */
export function publishClock(options: ClockPublisherOptions): {
  publisher: Publisher
  close: () => Promise<void>
} {
  const { width = 640, height = 360, fps = 30, bitrateKbps = 1200 } = options
  const publisher = new Publisher(
    [
      ...[
        '-hide_banner',
        '-loglevel',
        'error',
        '-f',
        'rawvideo',
        '-pix_fmt',
        'yuv420p',
        '-s',
        `${width}x${height}`,
        '-r',
        `${fps}`,
        '-i',
        'pipe:0',
      ],
      ...[
        '-f',
        'lavfi',
        '-i',
        'sine=frequency=440:sample_rate=48000',
        '-c:v',
        'libx264',
        '-preset',
        'ultrafast',
        '-tune',
        'zerolatency',
      ],
      ...['-b:v', `${bitrateKbps}k`, '-g', `${fps * 2}`, '-keyint_min', `${fps * 2}`, '-sc_threshold', '0'],
      ...['-c:a', 'aac', '-b:a', '96k', '-flush_packets', '1', '-f', 'flv', options.url],
    ],
    'pipe',
  )
  const stdin = publisher.child.stdin
  stdin?.on('error', () => {})
  const startedAt = performance.now()
  let sent = 0
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) * fps) / 1000)
    for (; sent < due; sent++)
      if ((stdin?.writableLength ?? 0) < 32 * 1024 * 1024) stdin?.write(drawFrame(width, height, sent))
  }, 5)
  return {
    publisher,
    async close() {
      clearInterval(timer)
      await publisher.close()
    },
  }
}

function drawFrame(width: number, height: number, index: number): Buffer {
  const frame = Buffer.alloc((width * height * 3) / 2, 128)
  for (let row = 0; row < height; row++)
    frame.fill(64 + ((row + index * 3) % 128), row * width, (row + 1) * width)
  const time = Date.now() >>> 0
  const block = Math.floor(width / CLOCK_BITS)
  for (let bit = 0; bit < CLOCK_BITS; bit++) {
    const isSet = bit < 32 ? (time >>> bit) & 1 : (checksum(time) >>> (bit - 32)) & 1
    for (let row = 0; row < block; row++)
      frame.fill(isSet ? WHITE : BLACK, row * width + bit * block, row * width + (bit + 1) * block)
  }
  return frame
}

function checksum(time: number): number {
  return (time ^ (time >>> 8) ^ (time >>> 16) ^ (time >>> 24)) & 0xff
}

/**
 * Runs in a page: installs `window.readClock()`, which gives the age in ms of the frame the video shows, or null where it
 * cannot be read. The clocks of page and publisher are the same machine's.
 */
export const CLOCK_READER = `
window.readClock = (video) => {
  const bits = ${CLOCK_BITS}
  if (!video.videoWidth) return null
  const canvas = (window.readClock.canvas ??= document.createElement('canvas'))
  canvas.width = bits; canvas.height = 1
  const context = canvas.getContext('2d', { willReadFrequently: true })
  const block = video.videoWidth / bits
  // The middle of each block: its edges blur.
  for (let bit = 0; bit < bits; bit++) context.drawImage(video, (bit + 0.35) * block, block * 0.35, block * 0.3, block * 0.3, bit, 0, 1, 1)
  const pixels = context.getImageData(0, 0, bits, 1).data
  let time = 0, sum = 0
  for (let bit = 0; bit < bits; bit++) {
    const isSet = pixels[bit * 4] > 128 ? 1 : 0
    if (bit < 32) time = (time | (isSet << bit)) >>> 0
    else sum |= isSet << (bit - 32)
  }
  if (((time ^ (time >>> 8) ^ (time >>> 16) ^ (time >>> 24)) & 0xff) !== sum) return null
  return ((Date.now() >>> 0) - time) | 0
}
`
