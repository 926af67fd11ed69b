/** Where the viewers of a benchmark are: each in a network of its own, as far away as asked, or nearer where that cannot be. */
import type { PathQuality } from '../../support/viewer/long-cable.ts'
import { Bridge } from '../../support/viewer/namespace.ts'

export interface Surroundings {
  /** null: all in one browser on the machine's own network */
  apart: PathQuality | null
  /** what was asked and cannot be had here */
  skipped: string[]
}

/** What cannot be had is said loudly, too. */
export async function findSurroundings(wanted: PathQuality): Promise<Surroundings> {
  const skipped: string[] = []
  const skip = (what: string, why: string): void => {
    skipped.push(`${what} (${why})`)
    console.error(`SKIPPED: ${skipped.at(-1)}`)
  }
  for (const quality of [wanted, { rttMs: 0, loss: 0 }]) {
    const whyNot = await Bridge.whyNot(quality)
    if (whyNot === null) return { apart: quality, skipped }
    if (quality === wanted) skip(`a round trip of ${wanted.rttMs} ms and ${wanted.loss} of all lost`, whyNot)
    else skip('a network for each viewer, and cutting it', whyNot)
  }
  return { apart: null, skipped }
}
