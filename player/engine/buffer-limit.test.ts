import { describe, expect, it } from 'vitest'
import { BufferLimit } from './buffer-limit.ts'
import { hlsSettings } from './hls-config.ts'

describe('BufferLimit', () => {
  it('gives back what hls.js has taken away', async () => {
    const config = { ...hlsSettings('continuity') }
    const limit = new BufferLimit(config)
    const reduce = await reduceOfHls()
    for (let times = 0; times < 5; times++) reduce.call({ config, warn: () => undefined }, 6, 2)
    expect(config.maxMaxBufferLength).toBeLessThan(6)
    limit.keep(hlsSettings('continuity'))
    expect(config.maxMaxBufferLength).toBe(hlsSettings('continuity').maxMaxBufferLength)
  })

  it('holds to what the latency mode wants', () => {
    const config = { ...hlsSettings('continuity') }
    const limit = new BufferLimit(config)
    const { maxBufferLength, maxMaxBufferLength } = hlsSettings('low')
    limit.keep(hlsSettings('low'))
    expect(config).toMatchObject({ maxBufferLength, maxMaxBufferLength })
    config.maxMaxBufferLength = 1
    limit.keep(hlsSettings('low'))
    expect(config).toMatchObject({ maxBufferLength, maxMaxBufferLength })
  })

  it('leaves it where the browser has no room', () => {
    const config = { ...hlsSettings('continuity') }
    const limit = new BufferLimit(config)
    limit.noteError('fragLoadError')
    limit.noteError('bufferFullError')
    config.maxMaxBufferLength = 12
    limit.keep(hlsSettings('continuity'))
    expect(config.maxMaxBufferLength).toBe(12)
  })
})

type Reduce = (this: object, thresholdS: number, fragmentS: number) => boolean

/** The very method that lowers it. */
async function reduceOfHls(): Promise<Reduce> {
  Reflect.set(globalThis, 'self', globalThis)
  const { default: Hls } = await import('hls.js')
  const prototype: unknown = Hls.DefaultConfig.streamController?.prototype
  return (prototype as { reduceMaxBufferLength: Reduce }).reduceMaxBufferLength
}
