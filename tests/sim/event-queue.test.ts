import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventQueue } from './event-queue.ts'

test('what is asked for happens in the order of time, and of asking where times are the same', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }), (delays) => {
      const queue = new EventQueue()
      const seen: { ms: number; index: number }[] = []
      delays.forEach((ms, index) => queue.after(ms, () => seen.push({ ms, index })))
      queue.runFor(20)
      const expected = delays.map((ms, index) => ({ ms, index })).sort((a, b) => a.ms - b.ms)
      expect(seen).toEqual(expected)
    }),
  )
})

test('what is stopped does not happen', () => {
  const queue = new EventQueue()
  const seen: string[] = []
  const stop = queue.after(5, () => seen.push('stopped'))
  queue.after(4, stop)
  queue.after(6, () => seen.push('kept'))
  queue.runFor(10)
  expect(seen).toEqual(['kept'])
  expect(queue.now()).toBe(10)
})

test('an event may ask for others, also at once', () => {
  const queue = new EventQueue()
  const seen: number[] = []
  const tick = (): void => {
    seen.push(queue.now())
    if (seen.length < 4) queue.after(seen.length % 2 ? 0 : 10, tick)
  }
  queue.after(1, tick)
  queue.runUntil(100)
  expect(seen).toEqual([1, 1, 11, 11])
})
