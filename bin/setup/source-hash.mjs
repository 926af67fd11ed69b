// One hash over the sources of a build: cheaper than a build, and right where times of files lie (a clone, a switched branch).
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { atRoot } from './root.mjs'

/** SHA-256 over names and contents of the files under the paths given; tests and paths that are not there do not count. */
export function hashSources(paths, folder = atRoot()) {
  const hash = createHash('sha256')
  for (const file of paths.flatMap((path) => filesUnder(folder, path)).sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(folder, file)))
      .update('\0')
  }
  return hash.digest('hex')
}

function filesUnder(folder, path) {
  const found = statSync(join(folder, path), { throwIfNoEntry: false })
  if (!found || path.includes('.test.')) return []
  if (!found.isDirectory()) return [path]
  return readdirSync(join(folder, path))
    .filter((name) => name !== 'node_modules' && name !== 'dist' && !name.startsWith('.'))
    .flatMap((name) => filesUnder(folder, `${path}/${name}`))
}
