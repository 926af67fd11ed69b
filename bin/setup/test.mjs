// The steps of `npm test`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atRoot } from './root.mjs'
import { run } from './run.mjs'
import { complain } from './say.mjs'
import { setUp } from './set-up.mjs'
import { findChromium, testPackages } from './system-packages.mjs'
import { countTests, flakyLines, lastLine } from './test-count.mjs'

/** Runs vitest with the arguments given (none: all tests); the process ends with 1 unless tests ran and all passed. */
export async function test(args) {
  try {
    await setUp({ systemPackages: testPackages() })
  } catch (error) {
    complain(error)
    console.log(lastLine({ passed: 0, failed: 1, skipped: 0 }))
    process.exit(1)
  }
  const { code, count, flaky } = await runVitest(args)
  for (const line of flaky) console.log(line)
  console.log(lastLine(count))
  process.exitCode = code === 0 && count.failed === 0 && count.passed > 0 ? 0 : 1
}

async function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-test-'))
  const report = join(folder, 'report.json')
  try {
    const vitest = atRoot('node_modules/vitest/vitest.mjs')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    // Whole-stream tests run the built server, which the set-up has just made.
    const env = { CHROMIUM_PATH: findChromium() ?? '', HEADWATER_BUILT: '1' }
    const { code } = await run(process.execPath, [vitest, 'run', ...reporters, ...args], { env })
    const read = readReport(report)
    return { code, count: countTests(read, code), flaky: flakyLines(read, atRoot('.')) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}
