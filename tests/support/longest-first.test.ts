import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import type { TestSpecification, Vitest } from 'vitest/node'
import { LONG_S, LongestFirst } from './longest-first.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')

it.for(Object.keys(LONG_S))('knows %s, which is there', (file) => {
  expect(existsSync(path.join(ROOT, file))).toBe(true)
})

it('puts the longer file first within a project, and no project before another that comes earlier', async () => {
  const known = Object.entries(LONG_S).toSorted(([, a], [, b]) => a - b)
  const files = known.flatMap(([file]) => [specification(file, 1), specification(file, 0)])
  const sorted = await sequencer().sort([...files, specification('quick.test.ts', 0)])
  const order = sorted.map(({ moduleId, project }) => [
    project.config.sequence.groupOrder,
    path.relative(ROOT, moduleId),
  ])
  const seconds = (group: number): number[] =>
    order.filter(([each]) => each === group).map(([, file]) => LONG_S[file ?? ''] ?? 0)
  expect(order.map(([group]) => group)).toEqual(order.map(([group]) => group).toSorted())
  for (const group of [0, 1]) expect(seconds(group)).toEqual(seconds(group).toSorted((a, b) => b - a))
  expect(seconds(0).at(-1)).toBe(0)
})

function sequencer(): LongestFirst {
  const cache = { getFileTestResults: () => undefined, getFileStats: () => undefined }
  return new LongestFirst({ config: { root: ROOT }, cache } as unknown as Vitest)
}

/** As much of one as is looked at. */
function specification(file: string, groupOrder: number): TestSpecification {
  const project = { name: `project ${groupOrder}`, config: { sequence: { groupOrder }, isolate: true } }
  return { moduleId: path.join(ROOT, file), project } as unknown as TestSpecification
}
