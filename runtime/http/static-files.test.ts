import { once } from 'node:events'
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { captureLog } from '../../tests/support/log-lines.ts'
import { Metrics } from '../metrics.ts'
import { createHealth, Readiness } from './health.ts'
import { HttpServer } from './server.ts'
import { createStaticFiles, MAX_MEDIA_ORIGINS } from './static-files.ts'

const { logger } = captureLog()
const metrics = new Metrics()
const readiness = new Readiness()
let server: HttpServer
let unbuilt: HttpServer
let mediaOrigins: string[] = []

beforeAll(async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'headwater-static-'))
  const root = path.join(directory, 'player')
  await mkdir(path.join(root, 'assets'), { recursive: true })
  await writeFile(path.join(directory, 'secret.txt'), 'secret')
  await symlink(path.join(directory, 'secret.txt'), path.join(root, 'link.txt'))
  await writeFile(path.join(root, '.hidden.txt'), 'secret')
  await writeFile(path.join(root, 'index.html'), '<p>index</p>')
  await writeFile(path.join(root, 'studio.html'), '<p>studio</p>')
  await writeFile(path.join(root, 'assets', 'index-B1x2C3y4.js'), 'plain')
  await writeFile(path.join(root, 'assets', 'index-B1x2C3y4.js.br'), 'compressed')
  server = await started(root)
  unbuilt = await started(path.join(directory, 'nowhere'))
})
afterAll(() => Promise.all([server.close(), unbuilt.close()]))

describe('static files', () => {
  it('answers pages with their own file or the index', async () => {
    expect(await (await get('/watch/abcdefghij')).text()).toBe('<p>index</p>')
    expect(await (await get('/studio')).text()).toBe('<p>studio</p>')
    expect(await (await get('/admin/rooms')).text()).toBe('<p>index</p>')
  })

  it('leads / to the studio', async () => {
    const response = await get('/', { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([302, '/studio'])
  })

  it('lets hashed files be cached for ever and asks for pages each time', async () => {
    expect((await get('/assets/index-B1x2C3y4.js')).headers.get('cache-control')).toContain('immutable')
    const page = await get('/studio')
    expect(page.headers.get('cache-control')).toBe('no-cache')
    const again = await get('/studio', { headers: { 'if-none-match': page.headers.get('etag') ?? '' } })
    expect(again.status).toBe(304)
  })

  it('lets pages, and nothing else, load media from the edges there are, and gives a page anew when they change', async () => {
    const before = await get('/watch/abcdefghij')
    expect(before.headers.get('content-security-policy')).toMatch(
      /media-src 'self' blob:;.*connect-src 'self' ws: wss:;/,
    )
    mediaOrigins = ['https://a.test', 'https://b.test:8443']
    const known = { headers: { 'if-none-match': before.headers.get('etag') ?? '' } }
    const after = await get('/watch/abcdefghij', known)
    expect(after.status).toBe(200)
    const policy = after.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("connect-src 'self' ws: wss: https://a.test https://b.test:8443;")
    expect(policy).toContain("media-src 'self' blob: https://a.test https://b.test:8443;")
    expect(policy).toContain("script-src 'self';")
    const file = await get('/assets/index-B1x2C3y4.js')
    expect(file.headers.get('content-security-policy')).not.toContain('a.test')
    mediaOrigins = Array.from({ length: 3 * MAX_MEDIA_ORIGINS }, (_, index) => `https://e${index}.test`)
    const many = (await get('/studio')).headers.get('content-security-policy') ?? ''
    expect(many.match(/connect-src[^;]*/)?.[0].match(/https:/g)).toHaveLength(MAX_MEDIA_ORIGINS)
    mediaOrigins = []
  })

  it('serves the compressed copy to those who accept it', async () => {
    const raw = await get('/assets/index-B1x2C3y4.js', { headers: { 'accept-encoding': 'identity' } })
    expect(await raw.text()).toBe('plain')
    const head = await get('/assets/index-B1x2C3y4.js', {
      method: 'HEAD',
      headers: { 'accept-encoding': 'br' },
    })
    expect([head.headers.get('content-encoding'), head.headers.get('content-length')]).toEqual(['br', '10'])
    expect(head.headers.get('content-type')).toContain('text/javascript')
  })

  it('carries a strict content security policy', async () => {
    const policy = (await get('/studio')).headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/unsafe|\*/)
  })

  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/..%5csecret.txt',
    '/%00.txt',
    '/link.txt',
    '/.hidden.txt',
    '/%E0%A4%A.txt',
    '/assets',
    '/watch/..%2f..%2fsecret.txt',
  ])('answers 404 to %s', async (target) => {
    expect(await statusOf(target)).toBe(404)
  })

  it('says that the player is not built', async () => {
    const response = await fetch(`http://127.0.0.1:${unbuilt.port}/studio`)
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('npm run build')
  })
})

describe('health', () => {
  it('is alive, and ready only while every check passes', async () => {
    expect((await get('/healthz')).status).toBe(200)
    expect((await get('/readyz')).status).toBe(200)
    const remove = readiness.add('rtmp', () => Promise.reject(new Error('not listening')))
    readiness.add('store', () => {})
    const response = await get('/readyz')
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({
      status: 'not_ready',
      checks: { rtmp: 'not listening', store: 'ok' },
    })
    remove()
    expect((await get('/readyz')).status).toBe(200)
  })

  it('stays ready without what it can do without, and says so', async () => {
    readiness.addDispensable('store', () => Promise.reject(new Error('Redis is away')))
    const response = await get('/readyz')
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ status: 'ok', checks: { store: 'Redis is away' } })
  })

  it('shows metrics in the text format', async () => {
    metrics.counter('headwater_test_total', 'A test.', ['result']).inc({ result: 'hit' }, 2)
    metrics.counter('headwater_test_total', 'A test.', ['result']).inc({ result: 'hit' })
    metrics.gauge('headwater_test', 'A test.', [], (gauge) => gauge.set(7))
    const text = await (await get('/metrics')).text()
    expect(text).toContain('headwater_test_total{result="hit"} 3')
    expect(text).toContain('headwater_test 7')
  })

  it('refuses metrics of other names', () => {
    expect(() => metrics.counter('requests_total', 'x')).toThrow('headwater_')
  })
})

async function started(root: string): Promise<HttpServer> {
  const each = new HttpServer({ name: 'test', logger, host: '127.0.0.1', port: 0 })
  each
    .mount(createHealth({ metrics, readiness, logger }))
    .mount(createStaticFiles({ root, logger, mediaOrigins: () => mediaOrigins }))
  await each.start()
  return each
}

function get(target: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${server.port}${target}`, init)
}

// fetch would resolve the dots before sending them.
async function statusOf(target: string): Promise<number> {
  const sent = request({ host: '127.0.0.1', port: server.port, path: target })
  sent.end()
  const [response] = (await once(sent, 'response')) as [{ statusCode: number; resume(): void }]
  response.resume()
  return response.statusCode
}
