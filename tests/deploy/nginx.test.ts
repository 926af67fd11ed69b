/** deploy/nginx/nginx.conf itself, in Debian's nginx, with stand-ins behind it that say what they were asked. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net'
import path from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { ask, Nginx, whyNoNginx } from '../support/nginx.ts'

const missing = whyNoNginx()
if (missing !== null) console.warn(`nginx is not tested: ${missing}`)

type Answer = (req: IncomingMessage, res: ServerResponse) => void

const PART = '/live/room-1/program01/720p/7.3.m4s'
const IMMUTABLE = {
  'Cache-Control': 'public, max-age=3600, immutable',
  'Accept-Ranges': 'bytes',
  'Content-Length': 5,
  'X-Content-Type-Options': 'nosniff',
}

describe.skipIf(missing !== null)('nginx', () => {
  let answer: Answer
  let asked: { port: number; req: IncomingMessage }[] = []
  /** What came to the RTMP port, one text a connection. */
  let published: string[] = []
  let edges: Server[]
  let origin: Server
  let rtmp: TcpServer
  let nginx: Nginx

  beforeAll(async () => {
    edges = await Promise.all([standIn(), standIn()])
    origin = await standIn()
    rtmp = createTcpServer((socket) => {
      const index = published.push('') - 1
      socket.on('data', (chunk) => (published[index] += String(chunk)))
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => rtmp.listen(0, '127.0.0.1', resolve))
    const [originHttp, originRtmp] = [portOf(origin), portOf(rtmp)]
    const regions = '127.0.0.4 eu;\n'
    nginx = await Nginx.start({ edges: edges.map(portOf), originHttp, originRtmp, regions })
  })

  afterAll(async () => {
    await nginx?.close()
    for (const server of [...edges, origin]) server.close().closeAllConnections()
    rtmp.close()
  })

  beforeEach(() => {
    asked = []
    published = []
    answer = (_, res) => res.writeHead(200, IMMUTABLE).end('bytes')
  })

  async function standIn(): Promise<Server> {
    const server = createServer((req, res) => {
      asked.push({ port: portOf(server), req })
      answer(req, res)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return server
  }

  function portOf(server: Server | TcpServer): number {
    return (server.address() as AddressInfo).port
  }

  it('answers a finished part from its cache, over HTTP/2, whole and in ranges', async () => {
    const first = await nginx.get(PART)
    const second = await nginx.get(`${PART}?whatever=1`)
    const range = await nginx.get(PART, { range: 'bytes=1-2' })
    expect([first, second, range].map(({ status }) => status)).toEqual([200, 200, 206])
    expect([first, second, range].map(({ headers }) => headers['x-cache'])).toEqual(['MISS', 'HIT', 'HIT'])
    expect(String(range.body)).toBe('yt')
    expect(asked).toHaveLength(1)
  })

  it('keeps no playlist: each request goes to the edge, which holds it as long as it likes', async () => {
    const held: ServerResponse[] = []
    answer = (_, res) => void held.push(res)
    const target = '/live/room-1/program01/720p/index.m3u8?_HLS_msn=9&_HLS_part=2'
    const answers = [nginx.get(target), nginx.get(target)]
    await eventually(() => held.length === 2)
    for (const res of held) res.writeHead(200, { 'Cache-Control': 'public, max-age=18' }).end('#EXTM3U')
    for (const { status, headers } of await Promise.all(answers))
      expect([status, headers['x-cache']]).toEqual([200, undefined])
    answer = (_, res) => res.end('#EXTM3U newer')
    expect(String((await nginx.get(target)).body)).toBe('#EXTM3U newer')
    expect(asked.at(-1)?.req.url).toBe(target)
  })

  it('never gives one viewer of a private room what another was given', async () => {
    answer = (req, res) => {
      const { cookie } = req.headers
      res.writeHead(cookie === undefined ? 403 : 200, { 'Cache-Control': 'private, no-store' }).end(cookie)
    }
    const target = '/live/private/program01/720p/1.m4s'
    const one = await nginx.get(target, { cookie: 'headwater_viewer=one' })
    const two = await nginx.get(target, { cookie: 'headwater_viewer=two' })
    const none = await nginx.get(target)
    expect(String(one.body)).toBe('headwater_viewer=one')
    expect(String(two.body)).toBe('headwater_viewer=two')
    expect(none.status).toBe(403)
    expect(asked).toHaveLength(3)
  })

  it('keeps nothing that was asked for with a token, whatever the edge says of it', async () => {
    const target = '/live/room-2/program01/720p/1.m4s'
    for (const headers of [{ authorization: 'Bearer t' }, { cookie: 'headwater_viewer=t' }, {}])
      await nginx.get(target, headers)
    expect((await nginx.get(`${target}?token=t`)).headers['x-cache']).toBe('BYPASS')
    expect(asked).toHaveLength(4)
    expect((await nginx.get(target)).headers['x-cache']).toBe('HIT')
  })

  it('keeps nothing of what is asked for with a token in the path, and no word of the token', async () => {
    const target = '/live/private/program01/720p/2.m4s'
    for (const token of ['v1.one', 'v1.two', 'v1.one']) {
      answer = (req, res) => res.writeHead(200, IMMUTABLE).end(req.url?.slice(0, 5))
      expect((await nginx.get(`/t/${token}${target}`)).headers['x-cache']).toBeUndefined()
    }
    expect(asked.map(({ req }) => req.url)).toEqual(
      ['v1.one', 'v1.two', 'v1.one'].map((token) => `/t/${token}${target}`),
    )
    await nginx.get('/t/v1.nothing')
    await expectNoToken()
  })

  /** In what nginx has written so far. */
  async function expectNoToken(): Promise<void> {
    await nginx.get('/after')
    const log = path.join(nginx.folder, 'access.log')
    await eventually(async () => (await readFile(log, 'utf8')).includes('/after'))
    expect((await readFile(log, 'utf8')) + nginx.output).not.toMatch(/v1\./)
  }

  it('asks the same edge for a track with a token and without', async () => {
    for (let room = 0; room < 8; room++)
      for (const prefix of ['', '/t/one', '/t/two'])
        await nginx.get(`${prefix}/live/room-${room}/program04/720p/index.m3u8`)
    for (let room = 0; room < 8; room++) {
      const ports = asked.filter(({ req }) => req.url?.includes(`room-${room}/`)).map(({ port }) => port)
      expect([ports.length, new Set(ports).size]).toEqual([3, 1])
    }
  })

  it('asks one edge for all of a track, and another for others', async () => {
    // The hash is of the edges' ports, too, which differ from run to run: of eight rooms all may fall to one of two.
    for (let room = 0; room < 40; room++)
      for (const name of ['index.m3u8', '3.m4s', 'init-0.mp4'])
        await nginx.get(`/live/room-${room}/program02/720p/${name}`)
    const edgesOf = new Map<string, Set<number>>()
    for (const { port, req } of asked) {
      const room = req.url?.split('/')[2] ?? ''
      edgesOf.set(room, (edgesOf.get(room) ?? new Set()).add(port))
    }
    expect([...edgesOf.values()].every((ports) => ports.size === 1)).toBe(true)
    expect(new Set(asked.map(({ port }) => port)).size).toBe(2)
  })

  it('hands an FLV on as it comes', async () => {
    answer = (_, res) => void res.writeHead(200).write('FLV')
    const session = nginx.open()
    const stream = session.request({ ':path': '/live/room-1/source.flv' })
    const first = await new Promise((resolve) => stream.once('data', resolve))
    expect(String(first)).toBe('FLV')
    session.destroy()
  })

  it('says whose a request is, whatever the client claims', async () => {
    await nginx.get('/api/v1/live/room-1', { 'x-forwarded-for': '192.0.2.1' }, '127.0.0.2')
    expect(asked[0]?.req.headers['x-forwarded-for']).toBe('127.0.0.2')
    expect(asked[0]?.req.headers['x-forwarded-proto']).toBe('https')
  })

  it('says where a viewer is, whatever he claims, and passes on what a proxy in front says of others', async () => {
    const said = { 'x-region': 'us' }
    await nginx.get('/api/v1/live/room-1/edges', said, '127.0.0.4')
    await nginx.get('/api/v1/live/room-1/edges', said, '127.0.0.2')
    await nginx.get('/api/v1/live/room-1/edges', {}, '127.0.0.2')
    expect(asked.map(({ req }) => req.headers['x-region'])).toEqual(['eu', 'us', undefined])
  })

  it('names a request, whatever the client calls it, and logs that name', async () => {
    await nginx.get('/api/v1/live/room-1', { 'x-request-id': 'of-the-client' })
    const name = String(asked[0]?.req.headers['x-request-id'])
    expect(name).toMatch(/^[0-9a-f]{32}$/)
    const log = path.join(nginx.folder, 'access.log')
    await eventually(async () => (await readFile(log, 'utf8')).includes(name))
  })

  it.each(['rtmps', 'https'] as const)(
    'takes RTMPS on the port of %s, and says whose it is',
    async (name) => {
      const socket = connectTls({
        ...{ host: '127.0.0.1', port: nginx.ports[name], localAddress: '127.0.0.2' },
        rejectUnauthorized: false,
      })
      socket.write('C0 C1')
      await eventually(() => published[0]?.includes('C0 C1') === true)
      socket.destroy()
      expect(published[0]).toMatch(/^PROXY TCP4 127\.0\.0\.2 \S+ \d+ \d+\r\nC0 C1$/)
    },
  )

  it('takes for RTMPS on the port of HTTPS whoever asks for a name that begins with rtmps', async () => {
    const socket = connectTls({
      ...{ host: '127.0.0.1', port: nginx.ports.https, servername: 'rtmps.live.test' },
      ...{ ALPNProtocols: ['h2'], rejectUnauthorized: false },
    })
    socket.write('C0 C1')
    await eventually(() => published[0]?.includes('C0 C1') === true)
    socket.destroy()
  })

  it('takes whoever names this server for a viewer, also one that offers no protocol', async () => {
    const socket = connectTls({
      ...{ host: '127.0.0.1', port: nginx.ports.https, servername: 'localhost', rejectUnauthorized: false },
    })
    socket.write(`HEAD ${PART} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1\.1 200 /)
    socket.destroy()
  })

  it('bounds what one address may ask of the API, and no other address with it', async () => {
    const session = nginx.open('127.0.0.3')
    const answers = await Promise.all(Array.from({ length: 90 }, () => ask(session, '/api/v1/live/room-1')))
    session.destroy()
    const refused = answers.filter(({ status }) => status === 429).length
    expect(refused).toBeGreaterThan(0)
    expect(refused).toBeLessThan(90 - 60)
    expect((await nginx.get('/api/v1/live/room-1')).status).toBe(200)
  })

  it('says over HTTPS to come by HTTPS only, and says so once', async () => {
    const { headers } = await nginx.get(PART)
    expect(headers['strict-transport-security']).toBe('max-age=31536000')
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['server']).toBe('nginx')
    const own = await nginx.get('/metrics')
    expect([own.status, own.headers['x-content-type-options']]).toEqual([404, 'nosniff'])
    expect((await nginx.get('/readyz')).status).toBe(404)
    const plain = await fetch(`http://localhost:${nginx.ports.http}/watch/a`, { redirect: 'manual' })
    expect([plain.status, plain.headers.get('location')]).toEqual([301, 'https://localhost/watch/a'])
  })

  it('goes on with the other edge when one is gone', async () => {
    const [gone] = edges
    gone?.close().closeAllConnections()
    for (let room = 0; room < 8; room++)
      expect((await nginx.get(`/live/room-${room}/program03/720p/1.m4s`)).status).toBe(200)
  })

  it('says nothing of a token when it fails either', async () => {
    answer = (_, res) => void res.destroy()
    const { status } = await nginx.get('/t/v1.fails/live/private/program01/720p/3.m4s')
    expect(status).toBe(502)
    await expectNoToken()
  })
})
