/**
 * Process of `edge.ts`: an origin. Objects of any size (`/live/ROOM/PROGRAM/KBk/MSN.m4s`), those of `KBkslow` 100 ms late; and playlists
 * that are held until the part they name is due, one every PART_MS.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerParent } from './child.ts'
import { ROOM_ACCESS_HEADER } from '../../../runtime/http/room-access-header.ts'

export interface OriginReady {
  port: number
  /** Part n is there at startedAt + n * partMs; milliseconds since 1970. */
  startedAt: number
  partMs: number
}

const PART_MS = Number(process.argv[2])
const PARTS_PER_SEGMENT = 8
const SLOW_MS = 100
const OBJECT = /\/(\d+)k(slow)?\/\d+\.m4s$/
const PLAYLIST = /\/index\.m3u8\?_HLS_msn=(\d+)&_HLS_part=(\d+)$/
const PLAYLIST_BODY = Buffer.from(`#EXTM3U\n${'#EXT-X-PART:DURATION=0.25,URI="1234567.1.m4s"\n'.repeat(50)}`)

const startedAt = performance.timeOrigin + performance.now()
const bodies = new Map<number, Buffer>()
const requests = new Map<string, number>()

const server = createServer((req, res) => {
  const url = req.url ?? ''
  res.setHeader(ROOM_ACCESS_HEADER, 'public')
  requests.set(url, (requests.get(url) ?? 0) + 1)
  const object = OBJECT.exec(url)
  if (object) return void sendObject(res, Number(object[1]), object[2] !== undefined)
  const playlist = PLAYLIST.exec(url)
  if (!playlist) return void res.writeHead(404).end()
  const part = Number(playlist[1]) * PARTS_PER_SEGMENT + Number(playlist[2])
  const dueInMs = startedAt + part * PART_MS - (performance.timeOrigin + performance.now())
  setTimeout(() => send(res, PLAYLIST_BODY, 'public, max-age=18'), Math.max(0, dueInMs))
})

function sendObject(res: ServerResponse, kilobytes: number, isSlow: boolean): void {
  const body = bodies.get(kilobytes) ?? Buffer.alloc(kilobytes * 1024, 'headwater')
  bodies.set(kilobytes, body)
  setTimeout(() => send(res, body, 'public, max-age=3600, immutable'), isSlow ? SLOW_MS : 0)
}

function send(res: ServerResponse, body: Buffer, cacheControl: string): void {
  res.writeHead(200, { 'Content-Length': body.length, 'Cache-Control': cacheControl }).end(body)
}

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const { port } = server.address() as AddressInfo
  // Asked how often what was asked for most: what is coalesced is asked for once.
  answerParent({ port, startedAt, partMs: PART_MS } satisfies OriginReady, () => {
    const counts = [...requests.values()]
    requests.clear()
    return { most: Math.max(0, ...counts), objects: counts.length }
  })
})
