// Runs a command to its end.
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { atRoot } from './root.mjs'
import { SetupError } from './say.mjs'

// Of a quiet command's output, what is kept to be shown should it fail.
const KEPT_OUTPUT_CHARACTERS = 8000

/** Exit code and the end of the output; never rejects (a command that is not there answers 127). */
export function run(command, args, { env = {}, quiet = false } = {}) {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(command, args, {
      cwd: atRoot(),
      env: { ...process.env, ...env },
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    })
    const keep = (data) => (output = (output + data).slice(-KEPT_OUTPUT_CHARACTERS))
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.on('error', (error) => resolve({ code: 127, output: String(error.message) }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** Like `run`, quietly; throws with the command's own words when it fails. */
export async function mustRun(command, args, options = {}) {
  const { code, output } = await run(command, args, { quiet: true, ...options })
  if (code === 0) return
  throw new SetupError(`${[command, ...args].join(' ')} failed with code ${code}\n${output.trim()}`)
}

/** The path of a command, or null when it is not installed. */
export function findCommand(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      continue
    }
  }
  return null
}
