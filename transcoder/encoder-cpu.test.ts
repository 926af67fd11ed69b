import { expect, it } from 'vitest'
import { EncoderCpu } from './encoder-cpu.ts'

it('adds up what encoders use, and keeps it when they are gone', () => {
  const used = new Map([
    [1, 5],
    [2, 1],
  ])
  const cpu = new EncoderCpu((pid) => used.get(pid) ?? null)
  expect(cpu.totalSeconds([1, 2])).toBe(6)
  used.set(1, 7)
  used.delete(2)
  expect(cpu.totalSeconds([1, 2])).toBe(8)
  expect(cpu.totalSeconds([])).toBe(8)
  used.set(1, 1) // another process, by the same number
  expect(cpu.totalSeconds([1])).toBe(9)
})

it('reads what a real process has used', () => {
  const before = process.cpuUsage()
  const seconds = new EncoderCpu().totalSeconds([process.pid])
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeCloseTo((before.user + before.system) / 1e6, 0)
})
