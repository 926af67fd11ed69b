import { defineConfig } from 'vitest/config'

/** The slow suite with OBS itself: `npm run test:obs`. */
export default defineConfig({
  test: {
    include: ['tests/obs/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 30_000,
  },
})
