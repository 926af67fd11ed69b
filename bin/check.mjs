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
for (const { name, args } of checks({ withTests: !process.argv.includes('--static') })) {
  const startedAt = Date.now()
  const { code } = await run(process.execPath, args)
  if (code !== 0) failed.push(name)
  console.log(
    `check: ${name} ${code === 0 ? 'ok' : 'FAILED'} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`,
  )
}
console.log(failed.length === 0 ? 'check: all ok' : `check: failed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
