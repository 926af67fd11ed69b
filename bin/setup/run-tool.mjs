// Runs a TypeScript file of tests/ that measures the built system: set-up and build first, then a process of its own.
import { spawn } from 'node:child_process'
import { atRoot } from './root.mjs'
import { complain } from './say.mjs'
import { setUp } from './set-up.mjs'
import { findChromium, testPackages } from './system-packages.mjs'

/** Standard output is the tool's alone; this process ends with its exit code. `file` counts from the project's root. */
export async function runTool(file, args) {
  console.log = console.error
  try {
    await setUp({ systemPackages: testPackages() })
  } catch (error) {
    complain(error)
    process.exit(1)
  }
  const child = spawn(process.execPath, ['--import', 'tsx', atRoot(file), ...args], {
    cwd: atRoot(),
    stdio: 'inherit',
    env: { ...process.env, CHROMIUM_PATH: findChromium() ?? '', HEADWATER_BUILT: '1' },
  })
  // Ctrl-C reaches the tool by the terminal; this process waits for it to end.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('exit', (code) => (process.exitCode = code ?? 1))
}
