// The npm packages: installed exactly as package-lock.json says, and only when they differ from it.
import { basename } from 'node:path'
import { readFileSync } from 'node:fs'
import { atRoot } from './root.mjs'
import { mustRun } from './run.mjs'
import { step } from './say.mjs'

export async function installNpmPackages() {
  const wanted = readPackages('package-lock.json')
  // npm writes this file last, so an install that was broken off has none.
  const installed = readPackages('node_modules/.package-lock.json')
  if (installed && isInstalled(wanted, installed)) return
  await step('installing the npm packages', () => npm('ci', '--include=dev', '--no-audit', '--no-fund'))
}

/** Whether each package the lock file names (but for those of other platforms) is there in that version. */
export function isInstalled(wanted, installed) {
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || installed[path]?.version === version || (optional && !installed[path]),
  )
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(atRoot(path), 'utf8')).packages
  } catch {
    return null
  }
}

function npm(...args) {
  const own = process.env.npm_execpath ?? ''
  if (basename(own) === 'npm-cli.js') return mustRun(process.execPath, [own, ...args])
  return mustRun('npm', args)
}
