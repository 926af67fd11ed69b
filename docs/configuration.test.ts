import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { configSchema, ENVIRONMENT_KEYS } from '../runtime/config-schema.ts'

const text = readFileSync(new URL('./configuration.md', import.meta.url), 'utf8')
const rows = [...text.matchAll(/^\| `([\w.]+)` \| (?:`(\w+)`)? ?\| ([^|]+) \| ([^|]+) \|$/gm)]
const defaults = new Map(leaves(configSchema.parse({})))

function leaves(value: object, path = ''): [string, unknown][] {
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
    const isSection = typeof inner === 'object' && inner !== null && !Array.isArray(inner)
    return isSection ? leaves(inner, `${path}${name}.`) : [[`${path}${name}`, inner] as [string, unknown]]
  })
}

it('lists every key of the configuration, and no other', () => {
  expect(rows.map(([, key]) => key).toSorted()).toEqual([...defaults.keys()].toSorted())
})

it('names the environment variable of each key that has one', () => {
  const listed = rows.filter(([, , variable]) => variable).map(([, key, variable]) => [variable, key])
  expect(listed.toSorted()).toEqual(Object.entries(ENVIRONMENT_KEYS).toSorted())
})

it('gives the defaults that hold', () => {
  for (const [, key, , shown] of rows) {
    const value = defaults.get(`${key}`)
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    if (isPlain) expect(shown, key).toBe(`\`${value}\``)
  }
})
