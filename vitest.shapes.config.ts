import { defineConfig } from 'vitest/config'

/** The slow suite with publishers of every shape: `npm run test:shapes`. */
export default defineConfig({
  test: {
    include: ['tests/shapes/**/*.test.ts'],
    fileParallelism: false,
    // As many as two cores carry: each has a publisher, an encoder and a strict viewer.
    maxConcurrency: 5,
    testTimeout: 15 * 60_000,
    hookTimeout: 60_000,
  },
})
