import vue from '@vitejs/plugin-vue'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'

/** What a watch page needs at once, fetched beside the entry and not after it. */
const PRELOADED = /^(engine-hls|page)-/

const preload: Plugin = {
  name: 'preload-chunks',
  transformIndexHtml: {
    order: 'post',
    handler: (_html, { bundle }) =>
      Object.keys(bundle ?? {})
        .filter((file) => file.endsWith('.js') && PRELOADED.test(file.replace(/^assets\//, '')))
        .map((file) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, href: `/${file}` },
          injectTo: 'head' as const,
        })),
  },
}

const root = fileURLToPath(new URL('.', import.meta.url))

/** Builds the pages into dist/player. Nothing is inlined: the pages run under a strict content security policy. */
export const playerConfig = defineConfig({
  root,
  base: '/',
  publicDir: 'public',
  plugins: [vue(), preload],
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
  },
  build: {
    outDir: fileURLToPath(new URL('../dist/player', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // a few files that are whole: what begins a stream, each engine, the page
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            {
              name: 'engine-hls',
              test: /node_modules\/hls\.js|engine\/hls-(engine|config)\.ts/,
              priority: 4,
            },
            { name: 'engine-flv', test: /node_modules\/mpegts\.js|engine\/flv-|media\/flv-/, priority: 4 },
            // with what checks messages and signatures: none of it is needed for a first frame
            {
              name: 'cascade',
              test: /\/cascade\/|media\/signature|node_modules\/(@noble\/|zod\/(index|v4\/(index|classic|locales)))/,
              priority: 4,
            },
            { name: 'qr', test: /node_modules\/uqr\//, priority: 4 },
            {
              name: 'studio',
              test: /pages\/studio\/|studio-api|use-sign-in|recording-view|use-recordings|use-deed|text\/(remarks|failures)/,
              priority: 3,
            },
            {
              name: 'core',
              test: /\/media\/|player\/(stream|decisions|playback|engine)\/|player-error|backoff|viewer-session|composables\/preferences\.ts/,
              priority: 2,
            },
            {
              name: 'page',
              test: /node_modules|player\/(components|composables|pages|room|text)|player\/(App|mount|player)\./,
              priority: 1,
            },
          ],
        },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/live'].map((path) => [
        path,
        { target: process.env['HEADWATER_URL'] ?? 'http://127.0.0.1:8080', ws: path === '/api' },
      ]),
    ),
  },
})

export default playerConfig
