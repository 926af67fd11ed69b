// Where the project lies, whatever folder the command is run from.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The absolute path of a file of the project. */
export function atRoot(path = '') {
  return root + path
}

/** The version in package.json. */
export function version() {
  return JSON.parse(readFileSync(atRoot('package.json'), 'utf8')).version
}
