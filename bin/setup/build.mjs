// Builds the server (esbuild) and the player (Vite) when their sources have changed since the last build.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { atRoot, version } from './root.mjs'
import { mustRun } from './run.mjs'
import { step } from './say.mjs'
import { hashSources } from './source-hash.mjs'

const SERVER = {
  name: 'server',
  sources: ['headwater.ts', 'demo.ts', 'demo', 'media', 'runtime', 'cascade', 'origin', 'transcoder', 'edge'],
  work: buildServer,
}
const PLAYER = { name: 'player', sources: ['player', 'media', 'cascade'], work: buildPlayer }
const SHARED = ['package.json', 'package-lock.json', 'tsconfig.json', 'bin/setup/build.mjs']

export async function build() {
  for (const part of [SERVER, PLAYER]) {
    const hash = hashSources([...part.sources, ...SHARED])
    const stampPath = atRoot(`dist/.${part.name}-stamp`)
    if (readStamp(stampPath) === hash) continue
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
    define: { 'process.env.HEADWATER_VERSION': JSON.stringify(version()) },
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

function readStamp(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
