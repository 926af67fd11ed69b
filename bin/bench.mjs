// `npm run bench -- NAME [arguments]`: sets up and builds, then runs tests/bench/NAME.ts, which prints JSON on standard output.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { atRoot } from './setup/root.mjs'
import { complain } from './setup/say.mjs'
import { setUp } from './setup/set-up.mjs'
import { findChromium, testPackages } from './setup/system-packages.mjs'

const [name, ...rest] = process.argv.slice(2)
if (!name || !/^[a-z0-9-]+$/.test(name) || !existsSync(atRoot(`tests/bench/${name}.ts`))) {
  const folder = atRoot('tests/bench')
  const names = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.ts')) : []
  console.error(
    `npm run bench -- NAME, one of: ${names.map((file) => file.slice(0, -3)).join(', ') || '(none)'}`,
  )
  process.exit(1)
}
// Standard output is the benchmark's alone.
console.log = console.error
try {
  await setUp({ systemPackages: testPackages() })
} catch (error) {
  complain(error)
  process.exit(1)
}
const child = spawn(process.execPath, ['--import', 'tsx', atRoot(`tests/bench/${name}.ts`), ...rest], {
  cwd: atRoot(),
  stdio: 'inherit',
  env: { ...process.env, CHROMIUM_PATH: findChromium() ?? '', HEADWATER_BUILT: '1' },
})
// Ctrl-C reaches the benchmark by the terminal; this process waits for it to end.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', (code) => (process.exitCode = code ?? 1))
