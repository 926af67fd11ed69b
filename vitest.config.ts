import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// Whole programs with real encoders and a real browser: minutes, not seconds.
const E2E_TIMEOUT_MS = 15 * 60_000

export default defineConfig({
  test: {
    passWithNoTests: false,
    projects: [
      {
        plugins: [vue()],
        test: {
          name: 'unit',
          include: [
            '{media,runtime,cascade,origin,edge,transcoder,player,bin,docs,demo}/**/*.test.{ts,mjs}',
            '*.test.ts',
            // Virtual time and nothing but computing: as quick as unit tests.
            'tests/sim/**/*.test.ts',
          ],
          globalSetup: ['tests/support/temporary-folder.ts'],
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // After the unit tests and one file at a time: they share two cores with ffmpeg and Chromium, and measure time.
        test: {
          name: 'e2e',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/long/**', 'tests/obs/**', 'tests/shapes/**', 'tests/sim/**'],
          globalSetup: ['tests/support/temporary-folder.ts'],
          fileParallelism: false,
          testTimeout: E2E_TIMEOUT_MS,
          hookTimeout: E2E_TIMEOUT_MS,
          retry: 0,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Looks at a program that has been running since before the first test of all.
        test: {
          name: 'long',
          include: ['tests/long/**/*.test.ts'],
          globalSetup: ['tests/support/long-program.ts'],
          testTimeout: E2E_TIMEOUT_MS,
          retry: 0,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
