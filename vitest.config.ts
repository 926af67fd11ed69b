import { availableParallelism } from 'node:os'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './tests/support/longest-first.ts'

// Whole programs with real encoders and a real browser: minutes, not seconds.
const REAL_TIME_TIMEOUT_MS = 15 * 60_000
/** Where a viewer's stalls and delays, or lip-sync over a switch, are measured. */
const TIMED = ['tests/timed/**/*.test.ts', 'tests/chaos/short.test.ts', 'tests/e2e/outage.test.ts']
/** Nothing but computing, as quick as unit tests. */
const COMPUTING = ['tests/{sim,fuzz,support}/**/*.test.ts', 'tests/chaos/meters/**/*.test.ts']

const realTime = {
  testTimeout: REAL_TIME_TIMEOUT_MS,
  hookTimeout: REAL_TIME_TIMEOUT_MS,
  // A machine that others share stands still for seconds now and then. A second try is told of: docs/decisions/022.
  retry: 1,
}

export default defineConfig({
  test: {
    passWithNoTests: false,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        plugins: [vue()],
        test: {
          name: 'unit',
          include: [
            '{media,runtime,cascade,origin,edge,transcoder,player,bin,docs,demo}/**/*.test.{ts,mjs}',
            '*.test.ts',
            ...COMPUTING,
          ],
          globalSetup: ['tests/support/temporary-folder.ts'],
          // A longer search takes as long as it is told to.
          testTimeout: process.env['FUZZ_RUNS'] ? REAL_TIME_TIMEOUT_MS : 20_000,
          // Of itself vitest leaves one processor out, which is half of them on two.
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
        },
      },
      {
        // After the unit tests, which would take all the processor there is. Three at a time: most of it is waiting for time to pass.
        test: {
          ...realTime,
          name: 'e2e',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/{long,obs,shapes}/**', ...TIMED, ...COMPUTING],
          globalSetup: ['tests/support/temporary-folder.ts'],
          // What they test runs in processes of its own; reading browser and tools anew for every file took a sixth of the time.
          isolate: false,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // One at a time: another one beside it would be measured with it.
        test: {
          ...realTime,
          name: 'timed',
          include: TIMED,
          globalSetup: ['tests/support/temporary-folder.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        // Looks at a program that has been running since before the first test of all.
        test: {
          ...realTime,
          name: 'long',
          include: ['tests/long/**/*.test.ts'],
          globalSetup: ['tests/support/long-program.ts'],
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
