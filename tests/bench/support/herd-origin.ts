/** Process of `herd.ts`: an origin that holds every part until it is told to release it. */

import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerParent } from './child.ts'

export interface Released {
  requests: number
  /** Milliseconds since 1970, with fractions: the same clock in all processes of a machine. */
  at: number
}

const body = Buffer.alloc(Number(process.argv[2]), 'headwater')
const waiting = new Map<string, ServerResponse[]>()
const requests = new Map<string, number>()

const server = createServer((req, res) => {
  const name = (req.url ?? '').split('/').at(-1) ?? ''
  requests.set(name, (requests.get(name) ?? 0) + 1)
  waiting.set(name, [...(waiting.get(name) ?? []), res])
})

server.listen(0, '127.0.0.1', () => {
  answerParent({ port: (server.address() as AddressInfo).port }, (message) => {
    const { name, release } = message as { name: string; release: boolean }
    if (!release) return { requests: requests.get(name) ?? 0 }
    const at = performance.timeOrigin + performance.now()
    for (const res of waiting.get(name) ?? []) res.writeHead(200, { 'Content-Length': body.length }).end(body)
    waiting.delete(name)
    return { requests: requests.get(name) ?? 0, at } satisfies Released
  })
})
