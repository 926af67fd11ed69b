import { fileURLToPath } from 'node:url'
import { ESLint } from 'eslint'
import { describe, expect, it } from 'vitest'
import { ARROWS } from './arrows.mjs'
import { whyNot } from './plugin.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))

async function rulesBroken(filePath, text) {
  const [result] = await new ESLint({ cwd: root, ignore: false }).lintText(text, { filePath })
  return result.messages.map((message) => message.ruleId)
}

describe('the arrows', () => {
  it('have no cycle among the folders', () => {
    const reach = (folder, seen = []) =>
      seen.includes(folder) ? [folder] : ARROWS[folder].flatMap((next) => reach(next, [...seen, folder]))
    expect(Object.keys(ARROWS).flatMap((folder) => reach(folder))).toEqual([])
  })

  it.each([
    ['media/part.ts', '../runtime/errors.ts'],
    ['media/playlist/media.ts', '../../cascade/link.ts'],
    ['runtime/logger.ts', '../media/part.ts'],
    ['cascade/link.ts', '../runtime/logger.ts'],
    ['origin/origin.ts', '../edge/edge.ts'],
    ['edge/flv/relay.ts', '../../origin/origin.ts'],
    ['transcoder/job.ts', '../cascade/link.ts'],
    ['player/player.ts', '../runtime/errors.ts'],
    ['player/pages/watch/app.ts', '../../../headwater.ts'],
    ['media/part.ts', 'node:crypto'],
    ['player/player.ts', 'fs'],
    ['transcoder/probe.ts', 'fluent-ffmpeg'],
    ['origin/ingest/rtmp-listener.ts', 'node-media-server/src/session.js'],
    ['player/player.ts', 'hls.js'],
    ['origin/room/registry.ts', 'koa'],
    ['runtime/store/memory.ts', 'ioredis'],
  ])('keep %s from importing %s', (file, source) => {
    expect(whyNot(file, source)).toEqual(expect.any(String))
  })

  it.each([
    ['media/playlist/media.ts', '../part.ts'],
    ['origin/packager/packager.ts', '../../media/part.ts'],
    ['edge/edge.ts', '../cascade/peer.ts'],
    ['headwater.ts', './origin/origin.ts'],
    ['media/part.test.ts', 'node:fs'],
    ['origin/origin.test.ts', '../tests/support/ffmpeg.ts'],
    ['runtime/ffmpeg.ts', 'fluent-ffmpeg'],
    ['player/engine/hls-engine.ts', 'hls.js'],
    ['origin/http/api.ts', 'koa-router'],
    ['runtime/http.ts', 'koa'],
    ['edge/cache.ts', 'lru-cache'],
  ])('let %s import %s', (file, source) => {
    expect(whyNot(file, source)).toBeNull()
  })

  it('let the types of an engine into its own folder, and no further', () => {
    expect(whyNot('player/engine/part-loader.ts', 'hls.js', true)).toBeNull()
    expect(whyNot('player/engine/part-loader.ts', 'hls.js', false)).not.toBeNull()
    expect(whyNot('player/player.ts', 'hls.js', true)).not.toBeNull()
    expect(whyNot('origin/origin.ts', 'koa', true)).toBeNull()
  })
})

describe('lint', () => {
  it.each([
    ['a wrong arrow', "import { x } from '../runtime/errors.ts'\nconsole.log(x)"],
    ['a wrong arrow of types alone', "import type { X } from '../runtime/errors.ts'\nexport type Y = X"],
    ['a wrong arrow in a re-export', "export { x } from '../edge/edge.ts'"],
    ['a wrong arrow in a dynamic import', "export const x = await import('../origin/origin.ts')"],
  ])('catches %s', async (_name, text) => {
    expect(await rulesBroken('media/example.ts', text)).toContain('house/arrows')
  })

  it('catches a wrong arrow in a Vue file', async () => {
    const text =
      '<script setup lang="ts">\nimport \'../runtime/errors.ts\'\n</script>\n<template><p /></template>\n'
    expect(await rulesBroken('player/example.vue', text)).toContain('house/arrows')
  })

  it('lets a clean file be', async () => {
    const text =
      "import { HeadwaterError } from './errors.ts'\n\nexport const x = new HeadwaterError('not_found', 'x')\n"
    expect(await rulesBroken('runtime/example.ts', text)).toEqual([])
  })

  it('catches an import cycle', async () => {
    const text = "import { second } from './cycle-b.ts'\nexport const first = (): number => second()\n"
    expect(await rulesBroken('bin/lint/fixtures/cycle-a.ts', text)).toContain('import-x/no-cycle')
  })

  it.each([
    ['a default export', 'export default 1', 'no-restricted-syntax'],
    ['an enum', 'export enum A { B }', 'no-restricted-syntax'],
    ['any', 'export const a: any = 1', '@typescript-eslint/no-explicit-any'],
    [
      'a non-null assertion',
      'export const f = (a?: string) => a!',
      '@typescript-eslint/no-non-null-assertion',
    ],
    ['five parameters', 'export const g = (a: 1, b: 1, c: 1, d: 1, e: 1) => [a, b, c, d, e]', 'max-params'],
    ['a file of 501 lines', 'export {}\n'.repeat(501), 'max-lines'],
    ['a function of 61 lines', `export function f() {\n${'f()\n'.repeat(60)}}`, 'max-lines-per-function'],
  ])('catches %s', async (_name, text, rule) => {
    expect(await rulesBroken('runtime/example.ts', text)).toContain(rule)
  })
})
