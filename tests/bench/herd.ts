/**
 * Many viewers ask for one part that is not made yet: by way of an edge, and, in the same run, straight from the origin.
 * Origin, edge and viewers are processes of their own. Times count from the moment the origin has the part.
 */

import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Child } from './support/child.ts'
import type { Released } from './support/herd-origin.ts'
import { median, spreadOf } from './support/statistics.ts'

interface Round {
  originRequests: number
  firstByteMs: number[]
  completeMs: number[]
  areIdentical: boolean
}

const HERDS = [300, 1000]
const ROUNDS = 7
// A part of 1080p at 4 Mbit/s.
const PART_BYTES = 128 * 1024
// For every request to have arrived: they are not counted in the result.
const GATHER_MS = 400

const { child: origin, ready } = await Child.start<{ port: number }>(
  new URL('support/herd-origin.ts', import.meta.url),
  [String(PART_BYTES)],
)
const { child: edge, ready: front } = await Child.start<{ port: number }>(
  new URL('support/edge-process.ts', import.meta.url),
  [`http://127.0.0.1:${ready.port}`],
)

let part = 0
const results = []
for (const viewers of HERDS) {
  const rounds: Record<'edge' | 'origin', Round[]> = { edge: [], origin: [] }
  await herd('edge', viewers)
  await herd('origin', viewers)
  for (let n = 0; n < ROUNDS; n++) {
    rounds.edge.push(await herd('edge', viewers))
    rounds.origin.push(await herd('origin', viewers))
  }
  results.push({ viewers, edge: summarise(rounds.edge), origin: summarise(rounds.origin) })
}
console.log(JSON.stringify({ benchmark: 'herd', partBytes: PART_BYTES, rounds: ROUNDS, results }, null, 2))
await Promise.all([edge.close(), origin.close()])

async function herd(via: 'edge' | 'origin', viewers: number): Promise<Round> {
  const name = `${Math.floor(part / 8)}.${part++ % 8}.m4s`
  const path = `${via === 'origin' ? '/internal/media' : ''}/live/room-1/program01/720p/${name}`
  const sockets = await Promise.all(
    Array.from({ length: viewers }, () => open(via === 'edge' ? front.port : ready.port)),
  )
  const answers = sockets.map((socket) => ask(socket, path))
  await delay(GATHER_MS)
  const { requests, at } = await origin.ask<Released>({ name, release: true })
  const seen = await Promise.all(answers)
  for (const socket of sockets) socket.destroy()
  const first = seen[0]?.body ?? Buffer.alloc(0)
  return {
    originRequests: requests,
    firstByteMs: seen.map((it) => it.firstByteAt - at),
    completeMs: seen.map((it) => it.completeAt - at),
    areIdentical: first.length === PART_BYTES && seen.every(({ body }) => body.equals(first)),
  }
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  return socket.setNoDelay(true)
}

function ask(
  socket: Socket,
  path: string,
): Promise<{ firstByteAt: number; completeAt: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    let bodyAt = -1
    let firstByteAt = 0
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      if (bytes === 0) {
        firstByteAt = now()
        bodyAt = chunk.indexOf('\r\n\r\n') + 4
      }
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes < bodyAt + PART_BYTES) return
      resolve({ firstByteAt, completeAt: now(), body: Buffer.concat(chunks).subarray(bodyAt) })
    })
    socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`)
  })
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

function summarise(rounds: Round[]) {
  const middle = (pick: (round: Round) => number): number => median(rounds.map(pick))
  const spread = (pick: (round: Round) => number[]) => ({
    p50: middle((round) => spreadOf(pick(round)).p50),
    p95: middle((round) => spreadOf(pick(round)).p95),
    max: middle((round) => spreadOf(pick(round)).max),
  })
  return {
    originRequests: Math.max(...rounds.map((round) => round.originRequests)),
    areIdentical: rounds.every((round) => round.areIdentical),
    firstByteMs: spread((round) => round.firstByteMs),
    completeMs: spread((round) => round.completeMs),
  }
}
