/** Process of `flv.ts`: an origin that sends an FLV file over and over, each tag at its time. */

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  encodeFlvTag,
  FLV_HEADER,
  FlvParser,
  isKeyframe,
  isSequenceHeader,
} from '../../../media/flv-stream.ts'
import type { FlvTag } from '../../../media/flv-stream.ts'
import { answerParent } from './child.ts'
import { ROOM_ACCESS_HEADER } from '../../../runtime/http/room-access-header.ts'

const FRAME_MS = 33
const all = new FlvParser().push(readFileSync(process.argv[2] ?? ''))
const headers = all.filter((tag) => tag.type === 'script' || isSequenceHeader(tag))
const media = all.filter((tag) => !headers.includes(tag))
const lengthMs = (media.at(-1)?.timestampMs ?? 0) + FRAME_MS
/** When the tag of time 0 was sent, milliseconds since 1970. */
const startedAt = now()
const clients = new Set<ServerResponse>()
let gop: Buffer[] = []
let next = 0

const server = createServer((_req, res) => {
  res.writeHead(200, { [ROOM_ACCESS_HEADER]: 'public' })
  res.write(Buffer.concat([FLV_HEADER, ...headers.map((tag) => encodeFlvTag(tag)), ...gop]))
  clients.add(res)
  res.on('close', () => clients.delete(res))
})

server.listen(0, '127.0.0.1', () => {
  setInterval(sendDue, 5)
  answerParent({ port: (server.address() as AddressInfo).port, startedAt }, () => ({ clients: clients.size }))
})

function sendDue(): void {
  for (let tag = at(next); tag.timestampMs <= now() - startedAt; tag = at(++next)) {
    const bytes = Buffer.from(encodeFlvTag(tag))
    if (isKeyframe(tag)) gop = []
    gop.push(bytes)
    for (const res of clients) res.write(bytes)
  }
}

function at(n: number): FlvTag {
  const tag = media[n % media.length] as FlvTag
  return { ...tag, timestampMs: tag.timestampMs + Math.floor(n / media.length) * lengthMs }
}

function now(): number {
  return performance.timeOrigin + performance.now()
}
