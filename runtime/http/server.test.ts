import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { captureLog } from '../../tests/support/log-lines.ts'
import { HeadwaterError } from '../errors.ts'
import { createApp } from './app.ts'
import { readJson } from './body.ts'
import { answer, isReadRequest, sendJson } from './respond.ts'
import { HttpServer, refuseUpgrade } from './server.ts'

const log = captureLog()
const servers: HttpServer[] = []
afterEach(async () => void (await Promise.all(servers.splice(0).map((server) => server.close()))))

describe('HttpServer', () => {
  it('asks handlers in order, then the app', async () => {
    const server = await started((each) =>
      each
        .mount((_req, res, url) => url.pathname === '/a' && (sendJson(res, 200, 'first'), true))
        .mount((_req, res, url) => url.pathname <= '/b' && (sendJson(res, 200, 'second'), true))
        .mountApp((_req, res) => sendJson(res, 200, 'app')),
    )
    expect(await Promise.all(['/a', '/b', '/c'].map((path) => getJson(server, path)))).toEqual([
      'first',
      'second',
      'app',
    ])
  })

  it('answers what is not there with not_found', async () => {
    const server = await started()
    const response = await fetch(`${origin(server)}/nothing`)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ code: 'not_found' })
  })

  it('answers a handler that throws, and tells nothing of its bug', async () => {
    const server = await started((each) =>
      each.mount((_req, res, url) => {
        if (url.pathname === '/late') answer(res, log.logger, () => Promise.reject(new Error('the bug')))
        else throw new Error('the bug')
        return true
      }),
    )
    for (const path of ['/', '/late']) {
      const response = await fetch(origin(server) + path)
      expect(response.status).toBe(500)
      expect(await response.text()).not.toContain('the bug')
    }
  })

  it('names a request that went wrong in its answer and in the log, with its room', async () => {
    const mount = (each: HttpServer): HttpServer =>
      each
        .mount((_req, res, url) => {
          if (url.pathname.startsWith('/api')) return false
          answer(res, log.logger, () => Promise.reject(new Error('the bug')))
          return true
        })
        .mountApp(createApp({ logger: log.logger, middleware: [() => Promise.reject(new Error('the bug'))] }))
    const headers = { 'x-request-id': 'by-the-proxy-0001' }
    const [trusting, other] = [await started(mount, 1000, true), await started(mount)]
    for (const path of ['/live/room-1/1.m4s', '/api/v1/live/room-1']) {
      const named = await fetch(origin(trusting) + path, { headers })
      expect(named.headers.get('x-request-id')).toBe('by-the-proxy-0001')
      expect(log.lines().at(-1)).toMatchObject({ requestId: 'by-the-proxy-0001', room: 'room-1' })
      const claimed = await fetch(origin(other) + path, { headers })
      const ours = claimed.headers.get('x-request-id') ?? ''
      expect(ours).toMatch(/^[0-9a-f-]{36}$/)
      expect(log.lines().at(-1)).toMatchObject({ requestId: ours, room: 'room-1' })
    }
    const wrong = await fetch(`${origin(trusting)}/live/a`, { headers: { 'x-request-id': 'a b' } })
    expect(wrong.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('refuses long and malformed addresses, and never reads another host out of one', async () => {
    const seen: string[] = []
    const server = await started((each) =>
      each.mount((_req, res, url) => (seen.push(url.host + url.pathname), sendJson(res, 200, 'ok'), true)),
    )
    expect(await rawStatus(server, `/${'a'.repeat(3000)}`)).toBe(414)
    expect(await rawStatus(server, 'http://other.example/x')).toBe(400)
    expect(await rawStatus(server, '*')).toBe(400)
    expect(await rawStatus(server, '//other.example/x')).toBe(200)
    expect(seen).toEqual(['headwater.invalid//other.example/x'])
  })

  it('answers HEAD like GET without a body, OPTIONS as a preflight, and refuses the rest', async () => {
    const server = await started((each) =>
      each.mount((req, res) => {
        if (isReadRequest(req, res)) sendJson(res, 200, 'ok')
        return true
      }),
    )
    const head = await fetch(origin(server), { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '4', ''])
    const preflight = await fetch(origin(server), { method: 'OPTIONS' })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*'])
    const post = await fetch(origin(server), { method: 'POST' })
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
  })

  it('says which port is taken and how to change it', async () => {
    const first = await started()
    const second = new HttpServer({ name: 'x', logger: log.logger, host: '127.0.0.1', port: first.port })
    await expect(second.start()).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringMatching(new RegExp(`port ${first.port} .*HTTP_PORT`)),
    })
    await second.close()
  })

  it('ends idle connections at once and endless answers after the grace when it closes', async () => {
    const server = await started((each) => each.mount((_req, res) => (res.write('endless'), true)), 50)
    const idle = connect(server.port, '127.0.0.1')
    await once(idle, 'connect')
    const running = request(`${origin(server)}/`)
    running.end()
    const [response] = (await once(running, 'response')) as [NodeJS.ReadableStream]
    const broken = once(response, 'error')
    response.resume()
    await server.close()
    await broken
    idle.destroy()
  })

  it('gives handshakes to the handler of their path and refuses others', async () => {
    const server = await started((each) =>
      each.mountUpgrade('/ws', (_req, socket) => refuseUpgrade(socket, 418)),
    )
    expect(await upgradeStatus(server, '/ws?room_id=x')).toBe(418)
    expect(await upgradeStatus(server, '/other')).toBe(404)
  })

  it('ends upgraded sockets when it closes', async () => {
    const server = await started(
      (each) => each.mountUpgrade('/ws', (_req, socket) => void socket.write('hello')),
      50,
    )
    const socket = connect(server.port, '127.0.0.1')
    socket.write('GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    await once(socket, 'data')
    const ended = once(socket, 'close')
    await server.close()
    await ended
  })
})

describe('createApp', () => {
  it('answers a browser at an address that is none with a page, and the API never', async () => {
    const server = await started((each) => each.mountApp(createApp({ logger: log.logger, middleware: [] })))
    const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
    const ask = (path: string, headers = {}) => fetch(origin(server) + path, { headers })
    const page = await ask('/nowhere', { accept })
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await page.text()).toContain('href="/studio"')
    for (const answer of [await ask('/nowhere'), await ask('/api/v1/nowhere', { accept })])
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([404, 'not_found'])
  })

  const schema = z.object({ n: z.number() })

  it('turns errors into code and message, and bugs into internal_error', async () => {
    const server = await started((each) =>
      each.mountApp(
        createApp({
          logger: log.logger,
          middleware: [
            async (ctx, next) => {
              if (ctx.path === '/fault') throw new HeadwaterError('forbidden', 'not you')
              if (ctx.path === '/bug') schema.parse(null)
              await next()
            },
          ],
        }),
      ),
    )
    const answers = await Promise.all(
      ['/fault', '/bug', '/gone'].map(async (path) => {
        const response = await fetch(origin(server) + path)
        return [response.status, ((await response.json()) as { code: string }).code]
      }),
    )
    expect(answers).toEqual([
      [403, 'forbidden'],
      [500, 'internal_error'],
      [404, 'not_found'],
    ])
  })
})

describe('readJson', () => {
  it.each([
    ['', 200],
    ['{"a":1}', 200],
    ['{', 400],
    [`"${'x'.repeat(100)}"`, 413],
  ])('answers %j with %i', async (body, status) => {
    const server = await started((each) =>
      each.mount((req, res) => {
        answer(res, log.logger, async () => sendJson(res, 200, await readJson(req, 50)))
        return true
      }),
    )
    expect((await fetch(origin(server), { method: 'POST', body })).status).toBe(status)
    // Without a declared length the bytes are counted.
    const stream = new Blob([body]).stream()
    const init = { method: 'POST', body: stream, duplex: 'half' } as RequestInit
    expect((await fetch(origin(server), init)).status).toBe(status)
  })
})

async function started(
  mount?: (server: HttpServer) => unknown,
  closeGraceMs = 1000,
  trustProxy = false,
): Promise<HttpServer> {
  const server = new HttpServer({
    name: 'test',
    logger: log.logger,
    host: '127.0.0.1',
    port: 0,
    closeGraceMs,
    trustProxy,
  })
  servers.push(server)
  mount?.(server)
  await server.start()
  return server
}

function origin(server: HttpServer): string {
  return `http://127.0.0.1:${server.port}`
}

async function getJson(server: HttpServer, path: string): Promise<unknown> {
  return (await fetch(origin(server) + path)).json()
}

async function rawStatus(server: HttpServer, target: string): Promise<number> {
  const sent = request({ host: '127.0.0.1', port: server.port, path: target })
  sent.end()
  const [response] = (await once(sent, 'response')) as [{ statusCode: number; resume(): void }]
  response.resume()
  return response.statusCode
}

async function upgradeStatus(server: HttpServer, target: string): Promise<number> {
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket' }
  const sent = request({ host: '127.0.0.1', port: server.port, path: target, headers })
  sent.end()
  const [response] = (await once(sent, 'response')) as [{ statusCode: number; resume(): void }]
  response.resume()
  return response.statusCode
}
