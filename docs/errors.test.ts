import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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

it('lists every refusal and warning that the sources name, and no other', () => {
  const listed = [...text.matchAll(/^\| `([a-z0-9_]+)` \| [^|]{5,} \| [^|]{5,} \|$/gm)].map(
    ([, code]) => code,
  )
  const folders = ['origin/program', 'transcoder']
  const named = folders.flatMap(sourcesOf).flatMap((source) => {
    const noticed = source.matchAll(/(?:(?:refuse|warn)\(\s*|\{\s*code: )'([a-z0-9_]+)',/g)
    return [...noticed].map(([, code]) => code)
  })
  expect(listed.toSorted()).toEqual([...new Set(named)].toSorted())
})

it('names every code that errors of malformed bytes carry', () => {
  const codes = ['media', 'cascade']
    .flatMap(sourcesOf)
    .flatMap((source) => [...source.matchAll(/readonly code = '([a-z_]+)'/g)].map(([, code]) => code))
  expect(codes).toContain('frame_malformed')
  expect(codes.filter((code) => !text.includes(`\`${code}\`:`))).toEqual([])
})

function sourcesOf(folder: string): string[] {
  const path = fileURLToPath(new URL(`../${folder}`, import.meta.url))
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
  const sources = names.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  return sources.map((name) => readFileSync(join(path, name), 'utf8'))
}
