import { describe, expect, it } from 'vitest'
import { createPartLoader, type LocalAnswer } from './part-loader.ts'

interface Heard {
  event: 'success' | 'error' | 'abort'
  data?: string | ArrayBuffer
  first?: number
}

function loadWith(answer: LocalAnswer): {
  loader: InstanceType<ReturnType<typeof createPartLoader>>
  heard: Promise<Heard>
  log: Heard[]
} {
  const loader = new (createPartLoader(answer))()
  const log: Heard[] = []
  const heard = new Promise<Heard>((resolve) => {
    const say = (event: Heard): void => {
      log.push(event)
      resolve(event)
    }
    loader.load(
      { url: 'https://example.test/live/r/p/720p/index.m3u8' },
      { timeout: 1 },
      {
        onSuccess: ({ data }, stats) => say({ event: 'success', data, first: stats.loading.first }),
        onError: () => say({ event: 'error' }),
        onAbort: () => say({ event: 'abort' }),
      },
    )
    if (log.length > 0) throw new Error('answered inside load()')
  })
  return { loader, heard, log }
}

describe('part loader', () => {
  it('never answers inside load()', async () => {
    expect((await loadWith(async () => 'text').heard).data).toBe('text')
  })

  it('counts the first byte from the moment of the answer, not of the question', async () => {
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    const { heard } = loadWith(async () => held.then(() => 'late'))
    const before = performance.now()
    release()
    expect((await heard).first).toBeGreaterThanOrEqual(before)
  })

  it('turns a failure into an error', async () => {
    const failing = loadWith(async () => Promise.reject(new Error('no')))
    expect((await failing.heard).event).toBe('error')
  })

  it('says nothing more after an abort, and lets the answer know', async () => {
    let signal: AbortSignal | null = null
    let release = (): void => undefined
    const { loader, heard, log } = loadWith(async (_address, given) => {
      signal = given
      await new Promise<void>((resolve) => (release = resolve))
      return 'too late'
    })
    await Promise.resolve()
    await Promise.resolve()
    loader.abort()
    expect((await heard).event).toBe('abort')
    expect(signal).toMatchObject({ aborted: true })
    release()
    await new Promise((resolve) => setImmediate(resolve))
    expect(log).toHaveLength(1)
  })

  it('is silent once destroyed', async () => {
    let release = (): void => undefined
    const { loader, log } = loadWith(
      async () => new Promise<string>((resolve) => (release = () => resolve('x'))),
    )
    await Promise.resolve()
    await Promise.resolve()
    loader.destroy()
    release()
    await new Promise((resolve) => setImmediate(resolve))
    expect(log).toEqual([])
  })
})
