import fc from 'fast-check'
import { expect, it } from 'vitest'
import { concatBytes } from './bytes.ts'
import { PendingBytes } from './pending-bytes.ts'

it('holds what was appended and not dropped, whatever the order', () => {
  const step = fc.record({
    chunk: fc.uint8Array({ maxLength: 40_000 }),
    drop: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const pending = new PendingBytes()
      let model: Uint8Array = new Uint8Array(0)
      for (const { chunk, drop } of steps) {
        pending.append(chunk)
        model = concatBytes([model, chunk])
        const count = Math.floor(drop * model.length)
        pending.drop(count)
        model = model.subarray(count)
        expect(pending.length).toBe(model.length)
        expect(Buffer.compare(pending.bytes, model)).toBe(0)
      }
    }),
    { numRuns: 40 },
  )
})

it('never writes where a view was handed out, nor keeps the chunk itself', () => {
  const pending = new PendingBytes()
  const chunk = Uint8Array.of(1, 2, 3)
  pending.append(chunk)
  chunk.fill(9)
  const view = pending.bytes
  pending.drop(3)
  for (let count = 0; count < 100; count++) pending.append(new Uint8Array(1000).fill(7))
  expect([...view]).toEqual([1, 2, 3])
})
