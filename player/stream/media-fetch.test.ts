import { afterEach, expect, it, vi } from 'vitest'
import { EdgeChoice } from './edge-choice.ts'
import { MediaFetch } from './media-fetch.ts'
import { PROBE_LIMIT_MS, SILENT_MS } from './silence-watch.ts'

const HOME = 'https://home.test'
const [A, B] = ['https://a.test', 'https://b.test']
const PATH = '/live/abcdefghij/program1/720p/1.m4s'
type Answer = (signal: AbortSignal | null) => Response | Promise<Response>

const closing: (() => void)[] = []
afterEach(() => {
  vi.useRealTimers()
  for (const close of closing.splice(0)) close()
})

const gone: Answer = () => Promise.reject(new TypeError('no network'))
const silent: Answer = (signal) =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new TypeError('aborted'))))

/** Edges that answer as a test says, by their origin, and what was asked of whom. */
async function open(answers: Record<string, Answer>, probe: Answer = () => new Response('')) {
  const asked: string[] = []
  const ask: typeof fetch = async (input, init) => {
    const { origin, pathname } = new URL(String(input))
    asked.push(origin + (pathname === PATH ? '' : pathname))
    const signal = init?.signal ?? null
    if (pathname === '/healthz') return probe(signal)
    if (pathname.startsWith('/api/')) return Response.json({ data: { edges: [{ url: A }, { url: B }] } })
    return (answers[origin] ?? gone)(signal)
  }
  const edges = new EdgeChoice({ home: HOME, roomId: 'abcdefghij', fetch: ask, nowMs: () => 0 })
  const http = new MediaFetch({ fetch: ask, edges })
  closing.push(
    () => http.close(),
    () => edges.close(),
  )
  edges.start()
  await edges.settled
  asked.length = 0
  return { http, edges, asked, get: () => http.get(HOME + PATH) }
}

it('asks the next edge, then the server, and asks nobody again who failed', async () => {
  const { get, asked } = await open({ [HOME]: () => new Response('media') })
  const { bytes, address } = await get()
  expect(new TextDecoder().decode(bytes)).toBe('media')
  expect(address).toBe(HOME + PATH)
  expect(asked).toEqual([A, B, HOME])
  await get()
  expect(asked).toEqual([A, B, HOME, HOME])
})

it('takes an edge that has no origin for one that does not answer', async () => {
  const away: Answer = () => Response.json({ code: 'upstream_unavailable' }, { status: 502 })
  const { get, asked } = await open({ [A]: away, [B]: () => new Response('media') })
  await get()
  expect(asked).toEqual([A, B])
})

it.each(['part_not_found', 'part_timeout', 'room_not_live'])('takes %s for an answer', async (code) => {
  const status = code === 'part_timeout' ? 503 : 404
  const { get, asked } = await open({ [A]: () => Response.json({ code }, { status }) })
  await expect(get()).rejects.toMatchObject({ code })
  expect(asked).toEqual([A])
})

it('fails when nobody answers, each asked once', async () => {
  const { http, get, asked } = await open({})
  await expect(get()).rejects.toMatchObject({ code: 'network_failed' })
  expect(asked).toEqual([A, B, HOME])
  expect(http.isFailing).toBe(true)
})

it('blames no edge for what the page itself gave up', async () => {
  const { http, edges, asked } = await open({ [A]: silent })
  const abort = new AbortController()
  const answer = http.get(HOME + PATH, { signal: abort.signal })
  await Promise.resolve()
  abort.abort()
  await expect(answer).rejects.toMatchObject({ code: 'network_failed' })
  http.get(HOME + PATH).catch(() => undefined)
  await vi.waitFor(() => expect(asked).toHaveLength(2))
  http.wake()
  expect(edges.current).toBe(A)
})

it('leaves an edge that has gone silent without a goodbye, and stays with one that only waits', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  const there = await open({ [A]: silent, [B]: () => new Response('media') })
  there.get().catch(() => undefined)
  await vi.advanceTimersByTimeAsync(2 * SILENT_MS)
  expect([...new Set(there.asked)]).toEqual([A, `${A}/healthz`])
  const mute = await open({ [A]: silent, [B]: () => new Response('media') }, gone)
  const answer = mute.get()
  await vi.advanceTimersByTimeAsync(2 * SILENT_MS + PROBE_LIMIT_MS)
  await answer
  expect(mute.asked).toEqual([A, `${A}/healthz`, B])
})

it('does not ask after an edge when a browser would have the question wait behind those it has open', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  const { get, asked } = await open({ [A]: silent }, gone)
  for (let open = 0; open < 6; open++) get().catch(() => undefined)
  await vi.advanceTimersByTimeAsync(4 * SILENT_MS)
  expect(asked).toEqual(Array(6).fill(A))
})

it('reads an endless answer from the next edge after one that broke in its middle', async () => {
  const broken = (): Response =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array([1])),
        pull: (controller) => controller.error(new TypeError('reset')),
      }),
    )
  const { http, edges } = await open({ [A]: broken, [B]: () => new Response(new Uint8Array([2])) })
  const pieces: number[] = []
  const read = async (): Promise<void> => {
    for await (const piece of http.read(HOME + PATH, new AbortController().signal)) pieces.push(...piece)
  }
  await expect(read()).rejects.toMatchObject({ code: 'network_failed' })
  expect(edges.current).toBe(B)
  await read()
  expect(pieces).toEqual([1, 2])
})
