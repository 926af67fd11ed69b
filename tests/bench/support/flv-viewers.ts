/** Process of `flv.ts`: viewers on bare sockets that count what they get; some read the tags' times. */

import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { FlvParser } from '../../../media/flv-stream.ts'
import { answerParent } from './child.ts'
import { round, spreadOf } from './statistics.ts'

export type ViewersOrder =
  | {
      do: 'open'
      port: number
      path: string
      count: number
      startedAt: number | null
      stopAfterBytes?: number
    }
  | { do: 'measure'; ms: number }
  | { do: 'close' }

export interface ViewersReport {
  connected: number
  kbpsMin: number
  kbpsMedian: number
  /** From the time a tag was due at the origin; null where that is not known. */
  delayMs: { mean: number; p50: number; p95: number; max: number } | null
}

// Reading tags costs the viewers' process time it needs for reading bytes.
const READERS = 10
const RAMP_MS = 2

/** Viewers of one run. */
let sockets: Socket[] = []
let counts: number[] = []
let delays: number[] = []
let isMeasuring = false

answerParent({}, (order) => obey(order as ViewersOrder))

async function obey(order: ViewersOrder): Promise<ViewersReport> {
  if (order.do === 'open') for (let n = 0; n < order.count; n++) await open(order, n)
  else if (order.do === 'close') close()
  else return measure(order.ms)
  return { connected: sockets.length, kbpsMin: 0, kbpsMedian: 0, delayMs: null }
}

async function measure(ms: number): Promise<ViewersReport> {
  counts = counts.map(() => 0)
  delays = []
  isMeasuring = true
  const from = performance.now()
  await new Promise((resolve) => setTimeout(resolve, ms))
  isMeasuring = false
  const took = performance.now() - from
  const kbps = counts.map((bytes) => (bytes * 8) / took).toSorted((a, b) => a - b)
  const mean = round(delays.reduce((sum, delay) => sum + delay, 0) / delays.length)
  return {
    connected: sockets.filter((socket) => !socket.destroyed).length,
    kbpsMin: Math.round(kbps[0] ?? 0),
    kbpsMedian: Math.round(spreadOf(kbps).p50),
    delayMs: delays.length === 0 ? null : { mean, ...spreadOf(delays) },
  }
}

async function open(order: ViewersOrder & { do: 'open' }, n: number): Promise<void> {
  const { startedAt } = order
  const read = startedAt !== null && n < READERS ? readerOf(startedAt) : null
  counts[n] = 0
  const socket = connect({
    port: order.port,
    host: '127.0.0.1',
    onread: {
      buffer: Buffer.alloc(64 * 1024),
      callback(size, buffer) {
        counts[n] = (counts[n] ?? 0) + size
        read?.(buffer.subarray(0, size))
        // False pauses the socket: from then on this viewer does not read.
        return (counts[n] ?? 0) < (order.stopAfterBytes ?? Infinity)
      },
    },
  })
  socket.on('error', () => undefined)
  socket.write(`GET ${order.path} HTTP/1.1\r\nHost: bench\r\n\r\n`)
  sockets.push(socket)
  await new Promise((resolve) => setTimeout(resolve, RAMP_MS))
}

function readerOf(startedAt: number): (bytes: Uint8Array) => void {
  const parser = new FlvParser()
  let isInBody = false
  return (bytes) => {
    const at = isInBody ? 0 : Buffer.from(bytes).indexOf('\r\n\r\n') + 4
    isInBody = true
    const now = performance.timeOrigin + performance.now()
    for (const tag of parser.push(bytes.subarray(at))) {
      if (isMeasuring && tag.type === 'video') delays.push(now - startedAt - tag.timestampMs)
    }
  }
}

function close(): void {
  for (const socket of sockets) socket.destroy()
  sockets = []
  counts = []
}
