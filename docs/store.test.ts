import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const text = readFileSync(join(root, 'docs/store.md'), 'utf8')
const METHOD = 'get|set|delete|compareAndSet|acquireLease|hash(?:Get|Set|Delete|All)|publish|subscribe'
/** What is done with a store, and the name it is done to as it stands in the source. */
const CALL = new RegExp(`[sS]tore\\)?[!?]?\\.(${METHOD})\\(\\s*([^,)]+)`, 'g')
/** A lease that is held already is asked for again by its name. */
const HELD = 'held.lease.name'

const sources = ['headwater.ts', ...['origin', 'transcoder', 'edge', 'runtime'].flatMap(sourcesIn)]
const uses = sources.filter((file) => !/runtime\/store\/(?:redis|memory)\.ts$/.test(file)).flatMap(usesIn)

it('lists every key that is written or read, and no other', () => {
  const own = [...read('runtime/store/redis.ts').matchAll(/this\.#key\('([^']+)'\)/g)].map(([, key]) => key)
  const keys = uses.filter(({ kind }) => kind !== 'channel').map(({ name }) => name)
  expect(listed(6)).toEqual([...new Set([...keys, ...own])].toSorted())
})

it('lists every channel, and no other', () => {
  const channels = uses.filter(({ kind }) => kind === 'channel').map(({ name }) => name)
  expect(listed(5)).toEqual([...new Set(channels)].toSorted())
})

it('names the prefix and the hash tag that the store has', () => {
  expect(read('runtime/store/redis.ts')).toContain("PREFIX = 'headwater'")
  expect(read('runtime/store/redis.ts')).toContain('`{leases}:${name}`')
})

/** First cells of a table of so many columns, up to where a key goes on with something of its own. */
function listed(columns: number): string[] {
  const row = new RegExp(`^\\| \`headwater:([^\`<]+)[^|]*\\|(?:[^|]+\\|){${columns - 1}}$`, 'gm')
  return [...text.matchAll(row)].map(([, key]) => `${key}`).toSorted()
}

function usesIn(file: string): { kind: 'key' | 'channel'; name: string }[] {
  const source = read(file)
  if (!source.includes('store/store.ts') && !source.includes("'./store.ts'")) return []
  return [...source.matchAll(CALL)].flatMap(([, method = '', argument = '']) => {
    if (argument === HELD) return []
    const name = nameOf(argument.trim(), source)
    if (name === undefined) throw new Error(`${file}: ${argument} is no name that this test can read`)
    if (method === 'acquireLease') return [{ kind: 'key' as const, name: `{leases}:${name}` }]
    return [{ kind: /publish|subscribe/.test(method) ? ('channel' as const) : ('key' as const), name }]
  })
}

/** A literal up to what is put into it, or the constant of that name. */
function nameOf(argument: string, source: string): string | undefined {
  const literal = /^['`]([^'`$]+)/.exec(argument)?.[1]
  return literal ?? new RegExp(`const ${argument} = ['\`]([^'\`$]+)`).exec(source)?.[1]
}

function sourcesIn(folder: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => `${folder}/${name}`)
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}
