// What `npm run check` runs: format, lint, types, then the unit tests and what holds docs and code together.
// With --static, the tests are left out (CI runs all of them by `npm test`).
import { complain } from './setup/say.mjs'
import { run } from './setup/run.mjs'
import { installNpmPackages } from './setup/npm-packages.mjs'
import { checks } from './setup/checks.mjs'

try {
  await installNpmPackages()
} catch (error) {
  complain(error)
  process.exit(1)
}
const failed = []
const isStatic = process.argv.includes('--static')
const all = checks({ withTests: !isStatic })
// What only reads goes side by side; tests have the machine to themselves.
if (isStatic) await Promise.all(all.map(check))
else for (const each of all) await check(each)
console.log(failed.length === 0 ? 'check: all ok' : `check: failed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1

async function check({ name, args }) {
  const startedAt = Date.now()
  const { code } = await run(process.execPath, args)
  if (code !== 0) failed.push(name)
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
  console.log(`check: ${name} ${code === 0 ? 'ok' : 'FAILED'} (${seconds} s)`)
}
