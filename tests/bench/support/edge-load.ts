/** Process of `edge.ts`: the viewers. A herd asks for one object at once; waiters ask for each next playlist until time is up. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { answerParent } from './child.ts'
import type { OriginReady } from './edge-origin.ts'

export type LoadOrder =
  | { kind: 'herd'; port: number; path: string; viewers: number; bytes: number }
  | { kind: 'blocked'; port: number; track: string; viewers: number; seconds: number; origin: OriginReady }

export interface LoadReport {
  /** Herd: first byte of the body. Blocked: whole answer, counted from when its part was due. */
  lagsMs: number[]
  completeMs: number[]
  wrong: number
}

const PARTS_PER_SEGMENT = 8
const CONNECT_AT_ONCE = 100
const ANSWER_LIMIT_MS = 30_000

answerParent({ ready: true }, async (message) => {
  const order = message as LoadOrder
  return order.kind === 'herd' ? herd(order) : blocked(order)
})

async function herd(order: Extract<LoadOrder, { kind: 'herd' }>): Promise<LoadReport> {
  const sockets = await openAll(order.port, order.viewers)
  const report: LoadReport = { lagsMs: [], completeMs: [], wrong: 0 }
  const startMs = now()
  await Promise.all(
    sockets.map(async (socket) => {
      const answer = await ask(socket, order.path)
      if (answer === null || answer.bytes !== order.bytes) report.wrong++
      else {
        report.lagsMs.push(answer.firstByteAt - startMs)
        report.completeMs.push(answer.completeAt - startMs)
      }
      socket.destroy()
    }),
  )
  return report
}

async function blocked(order: Extract<LoadOrder, { kind: 'blocked' }>): Promise<LoadReport> {
  const { startedAt, partMs } = order.origin
  const sockets = await openAll(order.port, order.viewers)
  const report: LoadReport = { lagsMs: [], completeMs: [], wrong: 0 }
  // All begin at one part, so that nobody asks for one that is there already.
  const first = Math.ceil((now() - startedAt) / partMs) + 2
  const count = Math.round((order.seconds * 1000) / partMs)
  await Promise.all(
    sockets.map(async (socket) => {
      for (let part = first; part < first + count; part++) {
        const at = `_HLS_msn=${Math.floor(part / PARTS_PER_SEGMENT)}&_HLS_part=${part % PARTS_PER_SEGMENT}`
        const answer = await ask(socket, `${order.track}/index.m3u8?${at}`)
        if (answer === null) {
          report.wrong++
          break
        }
        // The first parts find the clients still asking.
        if (part >= first + 2) report.lagsMs.push(answer.completeAt - (startedAt + part * partMs))
      }
      socket.destroy()
    }),
  )
  return report
}

async function openAll(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < count) {
    const batch = Math.min(CONNECT_AT_ONCE, count - sockets.length)
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => open(port)))))
  }
  return sockets
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

interface Answer {
  firstByteAt: number
  completeAt: number
  bytes: number
}

/** One answer with status 200 and a length, or in chunks; null for anything else. */
function ask(socket: Socket, path: string): Promise<Answer | null> {
  return new Promise((resolve) => {
    let head = ''
    let [bytes, length, firstByteAt, isChunked] = [0, -1, 0, false]
    const done = (answer: Answer | null): void => {
      clearTimeout(timer)
      socket.off('data', read).off('close', fail).off('error', fail)
      resolve(answer)
    }
    const fail = (): void => done(null)
    const read = (chunk: Buffer): void => {
      let body = chunk
      if (length < 0 && !isChunked) {
        head += chunk.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        body = Buffer.from(head.slice(end + 4), 'latin1')
        if (!head.startsWith('HTTP/1.1 200')) return fail()
        length = Number(/content-length: (\d+)/i.exec(head.slice(0, end))?.[1] ?? -1)
        isChunked = length < 0
      }
      if (body.length > 0 && firstByteAt === 0) firstByteAt = now()
      bytes += body.length
      const isWhole = isChunked ? body.subarray(-5).toString('latin1') === '0\r\n\r\n' : bytes >= length
      if (isWhole) done({ firstByteAt, completeAt: now(), bytes })
    }
    const timer = setTimeout(fail, ANSWER_LIMIT_MS)
    socket.on('data', read).once('close', fail).once('error', fail)
    socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`)
  })
}

function now(): number {
  return performance.timeOrigin + performance.now()
}
