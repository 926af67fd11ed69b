import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { HELP } from '../../command-line.ts'
import { ENVIRONMENT_KEYS } from '../../runtime/config-schema.ts'
import { helpText } from './help.mjs'
import { atRoot } from './root.mjs'

const variables = (text) => [...text.matchAll(/\b[A-Z]+_[A-Z_]+\b/g)].map(([name]) => name)
const readme = readFileSync(atRoot('README.md'), 'utf8')

it('names the options of the server, and its own', () => {
  const options = (text) => [...new Set(text.match(/--[a-z-]{3,}/g))].toSorted()
  expect(options(helpText())).toEqual([...options(HELP), '--no-setup'].toSorted())
})

it('fits a terminal of 120 columns', () => {
  const lengths = helpText()
    .split('\n')
    .map((line) => line.length)
  expect(Math.max(...lengths)).toBeLessThan(120)
})

it.each([
  ['the help', helpText().split('Environment')[1]],
  ['the README', readme.split('## Ports and environment')[1].split('\n## ')[0]],
])('names no environment variable that is not read: %s', (_name, text) => {
  expect(variables(text).length).toBeGreaterThan(5)
  expect(variables(text).filter((name) => !(name in ENVIRONMENT_KEYS))).toEqual([])
})
