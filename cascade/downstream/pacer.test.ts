import { describe, expect, it } from 'vitest'
import { EventQueue } from '../../tests/sim/event-queue.ts'
import { Child } from './child.ts'
import { Link } from '../link/link.ts'
import { memoryPair } from '../memory-transport.ts'
import { Pacer } from './pacer.ts'

const MESSAGE = new Uint8Array(1000)

describe('a pacer', () => {
  it('sends at once where the line has no limit', () => {
    const { pacer, child, sent } = stage(null)
    for (let count = 0; count < 100; count++) pacer.send(child, MESSAGE, false)
    expect(sent).toHaveLength(100)
    expect(child.pacedBytes).toBe(0)
  })

  it('sends no faster than the line, and everything in the end, in order', () => {
    const { clock, pacer, child, sent } = stage(800) // 100 bytes a millisecond
    for (let count = 0; count < 100; count++) pacer.send(child, Uint8Array.of(count, ...MESSAGE), false)
    expect(sent.length).toBeLessThan(5)
    expect(child.pacedBytes).toBeGreaterThan(90_000)
    clock.runFor(500)
    expect(sent.length).toBeGreaterThan(44)
    expect(sent.length).toBeLessThan(52)
    clock.runFor(700)
    expect(sent.map(({ message }) => message[0])).toEqual(Array.from({ length: 100 }, (_, k) => k))
    expect(child.pacedBytes).toBe(0)
  })

  it('sends what was asked for before what is pushed', () => {
    const { clock, pacer, child, sent } = stage(800)
    for (let count = 0; count < 50; count++) pacer.send(child, MESSAGE, false)
    pacer.send(child, Uint8Array.of(7), true)
    clock.runFor(60)
    expect(sent.findIndex(({ message }) => message.length === 1)).toBeLessThan(10)
  })

  it('keeps nothing for a child that is gone', () => {
    const { clock, pacer, child, sent } = stage(800)
    for (let count = 0; count < 50; count++) pacer.send(child, MESSAGE, false)
    const before = sent.length
    child.isGranted = false
    clock.runFor(2000)
    expect(sent).toHaveLength(before)
    expect(child.pacedBytes).toBe(0)
  })
})

function stage(uploadKbps: number | null) {
  const clock = new EventQueue()
  clock.runFor(1000)
  const [transport] = memoryPair(clock)
  const none = () => undefined
  const link = new Link({ id: '00000000000000aa', transport, clock, onFrame: none, onBroken: none })
  const child = new Child(link, clock.now())
  child.isGranted = true
  const sent: { child: Child; message: Uint8Array }[] = []
  const transmit = (to: Child, message: Uint8Array) => void sent.push({ child: to, message })
  return { clock, child, sent, pacer: new Pacer({ clock, uploadKbps: () => uploadKbps, transmit }) }
}
