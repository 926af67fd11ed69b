// `npm run bench -- NAME [arguments]`: sets up and builds, then runs tests/bench/NAME.ts, which prints JSON on standard output.
import { existsSync, readdirSync } from 'node:fs'
import { atRoot } from './setup/root.mjs'
import { runTool } from './setup/run-tool.mjs'

const [name, ...rest] = process.argv.slice(2)
if (!name || !/^[a-z0-9-]+$/.test(name) || !existsSync(atRoot(`tests/bench/${name}.ts`))) {
  const folder = atRoot('tests/bench')
  const names = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.ts')) : []
  console.error(
    `npm run bench -- NAME, one of: ${names.map((file) => file.slice(0, -3)).join(', ') || '(none)'}`,
  )
  process.exit(1)
}
await runTool(`tests/bench/${name}.ts`, rest)
