import vue from '@vitejs/plugin-vue'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const root = fileURLToPath(new URL('.', import.meta.url))

/** Builds the pages into dist/player. Nothing is inlined: the pages run under a strict content security policy. */
export const playerConfig = defineConfig({
  root,
  base: '/',
  publicDir: 'public',
  plugins: [vue()],
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
