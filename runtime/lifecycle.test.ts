import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { captureLog } from '../tests/support/log-lines.ts'
import { Lifecycle } from './lifecycle.ts'
import type { Component } from './lifecycle.ts'
import { handleProcessSignals } from './process-signals.ts'

const { logger } = captureLog()

describe('Lifecycle', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('starts in order and closes in reverse', async () => {
    const steps: string[] = []
    const lifecycle = new Lifecycle({ logger }).add(component('a', steps)).add(component('b', steps))
    await lifecycle.start()
    await lifecycle.close()
    await lifecycle.closed
    expect(steps).toEqual(['start a', 'start b', 'close b', 'close a'])
  })

  it('closes what had started when a component fails to start, and throws its error', async () => {
    const steps: string[] = []
    const failing = { ...component('b', steps), start: () => Promise.reject(new Error('port taken')) }
    const lifecycle = new Lifecycle({ logger })
      .add(component('a', steps))
      .add(failing)
      .add(component('c', steps))
    await expect(lifecycle.start()).rejects.toThrow('port taken')
    expect(steps).toEqual(['start a', 'close b', 'close a'])
  })

  it('closes once however often it is asked', async () => {
    const steps: string[] = []
    const lifecycle = new Lifecycle({ logger }).add(component('a', steps))
    await lifecycle.start()
    await Promise.all([lifecycle.close(), lifecycle.close()])
    expect(steps).toEqual(['start a', 'close a'])
  })

  it('goes on past components that hang or fail, and ends at the deadline', async () => {
    const steps: string[] = []
    const hanging = { name: 'hanging', close: () => new Promise<void>(() => {}) }
    const failing = { name: 'failing', close: () => Promise.reject(new Error('x')) }
    const lifecycle = new Lifecycle({ logger, deadlineMs: 1000 })
      .add(component('a', steps))
      .add(failing)
      .add(hanging)
    await lifecycle.start()
    let isClosed = false
    const closing = lifecycle.close().then(() => (isClosed = true))
    await vi.advanceTimersByTimeAsync(501)
    expect(steps).toContain('close a')
    expect(isClosed).toBe(false)
    await vi.advanceTimersByTimeAsync(500)
    await closing
    expect(isClosed).toBe(true)
  })
})

describe('handleProcessSignals', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('closes on the first signal and exits with 0', async () => {
    const { target, exits, steps } = await running()
    target.emit('SIGINT', 'SIGINT')
    await vi.runAllTimersAsync()
    expect(steps).toContain('close a')
    expect(exits).toEqual([0])
  })

  it('exits at once on a second keypress, not on the same one passed on by npm', async () => {
    const { target, exits } = await running({ name: 'hanging', close: () => new Promise<void>(() => {}) })
    target.emit('SIGINT', 'SIGINT')
    await vi.advanceTimersByTimeAsync(20)
    target.emit('SIGINT', 'SIGINT')
    expect(exits).toEqual([])
    await vi.advanceTimersByTimeAsync(600)
    target.emit('SIGTERM', 'SIGTERM')
    expect(exits).toEqual([130])
  })

  it('logs an uncaught fault as fatal, closes and exits with 1', async () => {
    const { target, exits, steps, log } = await running()
    target.emit('unhandledRejection', new Error('a bug'))
    await vi.runAllTimersAsync()
    expect(log.lines().find((line) => line['level'] === 60)).toMatchObject({ err: { message: 'a bug' } })
    expect(steps).toContain('close a')
    expect(exits).toEqual([1])
  })

  it('stops listening when told to', async () => {
    const { target, stop } = await running()
    stop()
    expect(target.eventNames()).toEqual([])
  })
})

async function running(...components: Component[]) {
  const log = captureLog()
  const exits: number[] = []
  const steps: string[] = []
  const lifecycle = new Lifecycle({ logger: log.logger }).add(component('a', steps))
  for (const each of components) lifecycle.add(each)
  await lifecycle.start()
  const target = Object.assign(new EventEmitter(), { exit: (code: number) => void exits.push(code) })
  const stop = handleProcessSignals({ lifecycle, logger: log.logger, process: target })
  return { target, exits, steps, log, stop }
}

function component(name: string, steps: string[]): Component {
  return {
    name,
    start: () => void steps.push(`start ${name}`),
    close: () => void steps.push(`close ${name}`),
  }
}
