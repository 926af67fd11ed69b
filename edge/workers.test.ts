import { expect, it } from 'vitest'
import { countWorkers, portsOf, shareOfMachine } from './workers.ts'

it('has as many workers as are asked for, or as there are cores', () => {
  expect([countWorkers(3, 8), countWorkers('auto', 8), countWorkers('auto', 0)]).toEqual([3, 8, 1])
})

it('gives them ports in a row, and says where there are none', () => {
  expect(portsOf(8080, 3)).toEqual([8080, 8081, 8082])
  for (const [first, count] of [
    [0, 2],
    [65_535, 2],
  ] as const)
    expect(() => portsOf(first, count)).toThrow(expect.objectContaining({ code: 'config_invalid' }))
})

it('shares out what the machine has, and no more', () => {
  const machine = {
    cacheBytes: 1001 * 1024 * 1024,
    capacityMbps: 1000,
    root: { maxChildren: 100, uploadMbps: 200 },
  }
  const share = shareOfMachine(machine, 4)
  expect(4 * share.cacheBytes).toBeLessThanOrEqual(machine.cacheBytes)
  expect(share).toMatchObject({ capacityMbps: 250, root: { maxChildren: 25, uploadMbps: 50 } })
  expect(shareOfMachine({ ...machine, root: { maxChildren: 1, uploadMbps: null } }, 4).root).toEqual({
    maxChildren: 1,
    uploadMbps: null,
  })
  expect(shareOfMachine(machine, 1)).toEqual(machine)
})
