// Everything between a fresh clone and a server that can run. Each step does nothing when its result is there already.
import { build } from './build.mjs'
import { installNpmPackages } from './npm-packages.mjs'
import { installSystemPackages } from './system-packages.mjs'

/** Installs what is missing and builds what has changed. */
export async function setUp({ systemPackages, builds = true }) {
  await installSystemPackages(systemPackages)
  await installNpmPackages()
  if (builds) await build()
}
