import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bar } from '../tests/chaos/report/bars-text.ts'
import { CATALOGUE } from '../tests/chaos/catalogue.ts'

const page = readFileSync(new URL('outages.md', import.meta.url), 'utf8')

describe('docs/outages.md', () => {
  it.each(CATALOGUE)('has a row for $name: $title', ({ title }) => {
    expect(page).toContain(`| ${title} `)
  })

  it.each(CATALOGUE)('says the bar of $name', ({ bars, title }) => {
    expect(page).toContain(`| ${title} | ${bar(bars)} |`)
  })
})
