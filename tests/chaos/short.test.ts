/** The outage suite's short form: the real system, one repeat of a few cases. `npm run chaos` is the whole of it. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { missesOf } from './bars.ts'
import { CATALOGUE } from './catalogue.ts'
import { runCases, type CaseResult } from './run-cases.ts'

const cases = CATALOGUE.filter(({ isShort }) => isShort)
let results: CaseResult[] = []

beforeAll(async () => {
  results = await runCases(cases, { repeat: 1, rooms: cases.length, say: () => {} })
})

afterAll(() => {
  for (const { name, status, misses, lateMs, load } of results)
    if (status !== 'met')
      console.error(`${name}: ${status}, late by ${lateMs} ms, load ${load}: ${misses.join('; ')}`)
})

it.for(cases)('$title: viewers see nothing of it', async (chaosCase, { task }) => {
  const { name, bars } = chaosCase
  if (task.result?.retryCount) results = await runCases([chaosCase], { repeat: 1, rooms: 1, say: () => {} })
  const result = results.find((each) => each.name === name)
  expect(['met', 'missed']).toContain(result?.status)
  // How soon parts come again is a matter of the machine, too: that is measured, not tested.
  const { longestWithoutPartsMs: _, ...held } = bars
  // Where the machine draws late although there is data, the page says that it buffers: that is true, and no outage.
  const { overlay, machineGaps } = result?.figures ?? {}
  const noOverlay = (held.noOverlay ?? false) && !(overlay === 'Buffering' && (machineGaps ?? 0) > 0)
  expect(result && missesOf(result.figures, { ...held, noOverlay })).toEqual([])
})
