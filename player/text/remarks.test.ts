import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { remarksEn, type RemarkText } from './remarks.en.ts'
import { remarksZhCn } from './remarks.zh-cn.ts'

const ABOUT_OBS = /^(?:Settings|设置) → .+ → /
const documented = codesOf(readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8'))

describe.each<[string, Record<string, RemarkText>, RegExp]>([
  ['en', remarksEn, /^[A-Z].+\.$/],
  ['zh-CN', remarksZhCn, /\p{Script=Han}.*。$/u],
])('the words for refusals and warnings in %s', (_language, texts, sentence) => {
  it('are there for every code of docs/errors.md, and for no other', () => {
    expect(documented.length).toBeGreaterThan(10)
    expect(Object.keys(texts).toSorted()).toEqual(documented)
  })

  it.each(Object.entries(texts))('say of %s what is wrong and where to click in OBS', (_code, text) => {
    expect(text.what).toMatch(sentence)
    if (text.where !== null) expect(text.where).toMatch(ABOUT_OBS)
  })
})

it('the languages agree on what OBS can help with, and on the values to be filled in', () => {
  for (const [code, { what, where }] of Object.entries<RemarkText>(remarksEn)) {
    const other = remarksZhCn[code as keyof typeof remarksEn]
    expect(other.where === null, code).toBe(where === null)
    expect(other.what.match(/\{\w+\}/g), code).toEqual(what.match(/\{\w+\}/g))
  }
})

/** The tables of what a streamer is told have three columns; those of answered errors have four. */
function codesOf(markdown: string): string[] {
  const told = markdown.slice(markdown.indexOf('## What a streamer is told'))
  const rows = [...told.matchAll(/^\| `([a-z0-9_]+)` \| [^|]+ \| [^|]+ \|$/gm)]
  return rows.map(([, code]) => `${code}`).toSorted()
}
