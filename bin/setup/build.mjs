// Builds the server (esbuild) and the player (Vite) when their sources have changed since the last build.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { atRoot } from './root.mjs'
import { mustRun } from './run.mjs'
import { step } from './say.mjs'
import { hashSources } from './source-hash.mjs'

const SERVER = {
  name: 'server',
  output: 'dist/headwater.js',
  sources: [...rootSources(), 'media', 'runtime', 'cascade', 'origin', 'transcoder', 'edge'],
  work: buildServer,
}
const PLAYER = {
  name: 'player',
  output: 'dist/player/index.html',
  sources: ['player', 'media', 'cascade'],
  work: buildPlayer,
}
const SHARED = ['package.json', 'package-lock.json', 'tsconfig.json', 'bin/setup/build.mjs']

export async function build() {
  for (const part of [SERVER, PLAYER]) {
    const hash = hashSources([...part.sources, ...SHARED])
    const stampPath = atRoot(`dist/.${part.name}-stamp`)
    if (readStamp(stampPath) === hash && existsSync(atRoot(part.output))) continue
    await step(`building the ${part.name}`, part.work)
    mkdirSync(atRoot('dist'), { recursive: true })
    writeFileSync(stampPath, hash)
  }
}

/** How esbuild bundles the server: our own files into one, packages stay in node_modules. */
export function serverBuildOptions() {
  return {
    absWorkingDir: atRoot(),
    entryPoints: ['headwater.ts'],
    outdir: 'dist',
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    packages: 'external',
    sourcemap: true,
    logLevel: 'warning',
  }
}

async function buildServer() {
  const { build: bundle } = await import('esbuild')
  await bundle(serverBuildOptions())
}

async function buildPlayer() {
  const vite = atRoot('node_modules/vite/bin/vite.js')
  await mustRun(process.execPath, [vite, 'build', '--config', 'player/vite.config.ts', '--logLevel', 'warn'])
}

function rootSources() {
  return readdirSync(atRoot()).filter((name) => name.endsWith('.ts') && !name.endsWith('.config.ts'))
}

function readStamp(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
