import { describe, expect, it } from 'vitest'
import { mendBufferQueue } from './hls-mend.ts'

function controllerWith(heads: Record<string, string | undefined>): {
  stepped: string[]
  stepOperationQueue: (types: string[]) => void
} {
  const stepped: string[] = []
  return {
    stepped,
    stepOperationQueue(types: string[]) {
      stepped.push(...types)
    },
    ...{ operationQueue: { current: (type: string) => (heads[type] ? { label: heads[type] } : null) } },
  }
}

describe('mendBufferQueue', () => {
  it('steps only queues that wait', () => {
    const controller = controllerWith({ video: 'async-blocker', audio: 'append-audio' })
    expect(mendBufferQueue(controller)).toBe(true)
    controller.stepOperationQueue(['video', 'audio'])
    expect(controller.stepped).toEqual(['video'])
  })

  it('steps both when both wait, and none that is empty', () => {
    const controller = controllerWith({ video: 'async-blocker-prepend', audio: undefined })
    mendBufferQueue(controller)
    controller.stepOperationQueue(['video', 'audio'])
    expect(controller.stepped).toEqual(['video'])
  })

  it('leaves alone what it does not know', () => {
    expect(mendBufferQueue(undefined)).toBe(false)
    expect(mendBufferQueue({})).toBe(false)
  })

  it('still finds in hls.js what it mends', async () => {
    Reflect.set(globalThis, 'self', globalThis)
    const { default: Hls } = await import('hls.js')
    const prototype: unknown = Hls.DefaultConfig.bufferController?.prototype
    expect(prototype).toHaveProperty('stepOperationQueue')
    expect(String(Hls.DefaultConfig.bufferController)).toContain('operationQueue')
  })
})
