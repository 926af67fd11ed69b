import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
const pages = ['README.md', 'CHANGELOG.md', ...inDocs.map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
)
const read = (name: string): string => readFileSync(join(root, name), 'utf8')

describe('the pages', () => {
  it.each(pages)('%s links to files that are there', (page) => {
    const targets = [...read(page).matchAll(/\]\((?!https?:|mailto:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(
      ([, to]) => `${to}`,
    )
    expect(targets.filter((to) => !existsSync(join(root, dirname(page), to)))).toEqual([])
  })

  it('lists every decision', () => {
    const decisions = pages.filter((page) => /^docs\/decisions\/\d{3}-/.test(page))
    const index = read('docs/decisions/README.md')
    expect(decisions.filter((page) => !index.includes(page.slice('docs/decisions/'.length)))).toEqual([])
  })

  it('name no npm script that is not there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/npm run ([a-z]+)/g)].map(([, name]) => `${name}`),
    )
    // `npm run setup` is named as what there is not.
    expect(named.filter((name) => !(name in scripts) && name !== 'setup')).toEqual([])
  })
})
