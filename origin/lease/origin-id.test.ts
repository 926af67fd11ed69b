import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openOriginId } from './origin-id.ts'

let dataDir: string
beforeEach(async () => void (dataDir = await mkdtemp(path.join(tmpdir(), 'headwater-'))))
afterEach(() => rm(dataDir, { recursive: true }))

it('is the same for every process of a data directory, and of no other', async () => {
  const id = await openOriginId(dataDir)
  expect(await openOriginId(dataDir)).toBe(id)
  const other = await mkdtemp(path.join(tmpdir(), 'headwater-'))
  expect(await openOriginId(other)).not.toBe(id)
  await rm(other, { recursive: true })
})

it('is refused when damaged', async () => {
  await writeFile(path.join(dataDir, 'origin-id'), 'x'.repeat(17))
  await expect(openOriginId(dataDir)).rejects.toMatchObject({ code: 'state_corrupt' })
})
