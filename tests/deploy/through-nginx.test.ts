/** A stream by way of nginx as it is deployed: published by RTMPS on the port of HTTPS, watched over HTTP/2 from two edges. */
import { once } from 'node:events'
import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { eventually } from '../support/eventually.ts'
import { HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { Nginx, whyNoNginx } from '../support/nginx.ts'
import { publishFlashes, type Publisher } from '../support/publisher.ts'
import { RtmpClient } from '../support/rtmp-client.ts'

const missing = whyNoNginx()
if (missing !== null) console.warn(`no stream goes through nginx: ${missing}`)

describe.skipIf(missing !== null)('a stream through nginx', () => {
  let folder: string
  let origin: HeadwaterProcess
  let edges: HeadwaterProcess[]
  let nginx: Nginx
  let room: MadeRoom
  let publisher: Publisher
  let track: string

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'headwater-nginx-'))
    const config = path.join(folder, 'headwater.yaml')
    await writeFile(config, 'http: { trustProxy: true }\nrtmp: { trustProxy: true }\n')
    const shared = { CLUSTER_SECRET: 'secret-of-the-cluster-under-test' }
    origin = await HeadwaterProcess.start({ env: { ...shared, HEADWATER_CONFIG: config } })
    const env = { ...shared, ORIGIN_URL: origin.internalUrl }
    const startEdge = (): Promise<HeadwaterProcess> =>
      HeadwaterProcess.start({ args: ['--role', 'edge'], env })
    edges = await Promise.all([startEdge(), startEdge()])
    nginx = await Nginx.start({
      edges: edges.map(({ url }) => Number(new URL(url).port)),
      originHttp: Number(new URL(origin.url).port),
      originRtmp: origin.rtmpPort,
    })
    room = await origin.createRoom()
    publisher = publishFlashes({
      url: `rtmps://127.0.0.1:${nginx.ports.https}/live/${room.key}`,
      size: '320x180',
    })
    const program = await origin.live(room.id)
    track = `/live/${room.id}/${program}/180p`
  })

  afterAll(async () => {
    await publisher?.close()
    await nginx?.close()
    for (const each of [...(edges ?? []), origin]) await each?.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function newest(): Promise<{ msn: number; part: number }> {
    let last: RegExpMatchArray | undefined
    await eventually(async () => {
      const { body } = await nginx.get(`${track}/index.m3u8`)
      last = [...String(body).matchAll(/#EXT-X-PART:.*URI="(\d+)\.(\d+)\.m4s"/g)].at(-1)
      return last !== undefined
    })
    return { msn: Number(last?.[1]), part: Number(last?.[2]) }
  }

  it('plays: playlists are waited for at the edge, parts come from the cache the second time', async () => {
    const master = await nginx.get(`/live/${room.id}/master.m3u8`)
    expect(String(master.body)).toContain('180p/index.m3u8')
    const { msn, part } = await newest()
    const target = `${track}/index.m3u8?_HLS_msn=${msn + 1}&_HLS_part=${part}`
    const blocked = await nginx.get(target)
    expect([blocked.status, blocked.headers['x-cache']]).toEqual([200, undefined])
    expect(String(blocked.body)).toContain(`URI="${msn + 1}.${part}.m4s"`)
    const [first, second] = [
      await nginx.get(`${track}/${msn}.${part}.m4s`),
      await nginx.get(`${track}/${msn}.${part}.m4s`),
    ]
    expect([first, second].map(({ headers }) => headers['x-cache'])).toEqual(['MISS', 'HIT'])
    expect(second.body.equals(first.body)).toBe(true)
  })

  it('is asked of one edge for one track', async () => {
    const asked = await Promise.all(
      edges.map((edge) => edge.metric('headwater_edge_origin_fetches_total{kind="part"}')),
    )
    expect(asked.toSorted()).toEqual([0, expect.any(Number)])
    expect(Math.max(...asked)).toBeGreaterThan(0)
  })

  it('comes as FLV at once', async () => {
    const session = nginx.open()
    const stream = session.request({ ':path': `/live/${room.id}/source.flv` })
    const [chunk] = (await once(stream, 'data')) as [Buffer]
    expect(chunk.subarray(0, 3).toString()).toBe('FLV')
    session.destroy()
  })

  it('has its signalling over a WebSocket, for pages of its own alone', async () => {
    const address = `${nginx.url.replace('https', 'wss')}/api/v1/live/ws?room_id=${room.id}`
    const socket = new WebSocket(address, { origin: nginx.url, rejectUnauthorized: false })
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'hello', role: 'viewer', room_id: room.id }))
    const [message] = (await once(socket, 'message')) as [Buffer]
    expect(JSON.parse(String(message))).toMatchObject({ type: 'room', state: 'live' })
    socket.close()
    const foreign = new WebSocket(address, { origin: 'https://elsewhere.test', rejectUnauthorized: false })
    await expect(once(foreign, 'open')).rejects.toThrow('403')
  })

  it('leaves no way for publishers past nginx', async () => {
    const client = await RtmpClient.open(origin.rtmpPort)
    client.write(Buffer.alloc(1537, 3))
    await eventually(() => client.isClosed)
    expect(publisher.child.exitCode).toBe(null)
  })
})
