import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { ERROR_STATUS } from '../runtime/errors.ts'

const text = readFileSync(new URL('./errors.md', import.meta.url), 'utf8')
const rows = [...text.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \| ([^|]+) \| ([^|]+) \|$/gm)]

it('lists every code of runtime/errors.ts with its status, and no other', () => {
  const listed = rows.map(([, code, status]) => [code, Number(status)])
  expect(listed.toSorted()).toEqual(Object.entries(ERROR_STATUS).toSorted())
})

it('says of each code what happened and what to do', () => {
  for (const [row, , , happened, todo] of rows) {
    expect(`${happened}`.length, row).toBeGreaterThan(15)
    expect(`${todo}`.length, row).toBeGreaterThan(10)
  }
})
