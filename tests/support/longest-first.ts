/** The files that take long begin first, so that none of them is still running when all the others are done. */
import path from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Seconds on two cores, of the files that take more than ten. A fresh clone remembers no earlier run, and a file's size says little:
 * the longest may be the shortest to read. A wrong figure costs time, nothing else.
 */
export const LONG_S: Readonly<Record<string, number>> = {
  'tests/sim/gates.test.ts': 45,
  'origin/slate/upload.test.ts': 27,
  'player/cascade/session.test.ts': 17,
  'runtime/store/redis-cluster.test.ts': 17,
  'origin/slate/slates.test.ts': 12,
  'origin/program/live-programs.test.ts': 11,
  'tests/e2e/restart.test.ts': 144,
  'tests/e2e/roles.test.ts': 111,
  'tests/e2e/recording.test.ts': 71,
  'tests/e2e/pages.test.ts': 64,
  'tests/e2e/encoder.test.ts': 59,
  'tests/e2e/program.test.ts': 58,
  'tests/e2e/shapes.test.ts': 51,
  'tests/e2e/whole-window.test.ts': 43,
  'tests/e2e/cascade.test.ts': 41,
  'tests/e2e/bad-input.test.ts': 33,
  'tests/e2e/player-studio.test.ts': 27,
  'tests/e2e/studio-backup.test.ts': 26,
  'tests/e2e/redis-cluster.test.ts': 29,
  'tests/e2e/backup.test.ts': 28,
  'tests/e2e/edge-hang.test.ts': 28,
  'tests/e2e/workers.test.ts': 28,
  'tests/e2e/second-origin.test.ts': 22,
  'tests/e2e/flv-shield.test.ts': 20,
  'tests/e2e/private-room.test.ts': 17,
  'tests/e2e/shield.test.ts': 15,
  'tests/e2e/picture-changes.test.ts': 14,
  'tests/deploy/through-nginx.test.ts': 11,
}

export class LongestFirst extends BaseSequencer {
  /** One project behind the other, as ever; within one, the known long ones by length, then the others by size. */
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted(
      (a, b) =>
        groupOf(a) - groupOf(b) || secondsOf(b, this.ctx.config.root) - secondsOf(a, this.ctx.config.root),
    )
  }
}

function groupOf({ project }: TestSpecification): number {
  return project.config.sequence.groupOrder
}

function secondsOf({ moduleId }: TestSpecification, root: string): number {
  return LONG_S[path.relative(root, moduleId)] ?? 0
}
