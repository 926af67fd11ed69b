/**
 * The cascade beside p2p-media-loader on hls.js: the same live stream, as many viewers in Chromium as far from each other, the same kills.
 * `npm run bench -- cascade-peers [ours|theirs] [--rtt=40] [--viewers=5] [--seconds=60] [--kills=3]`; JSON on standard output, a
 * table beside it.
 */
import { Console } from 'node:console'
import { availableParallelism, loadavg } from 'node:os'
import { Stage } from '../support/viewer/stage.ts'
import { findSurroundings } from './support/cascade-surroundings.ts'
import { numberOption, wordsGiven } from './support/options.ts'
import {
  PEER_PACKAGE,
  HLS_PACKAGE,
  servePeerPage,
  type PeerPageSettings,
} from './support/p2p-media-loader.ts'
import { openOurs, openTheirs, watchContest, type Contest } from './support/peer-contest.ts'
import { round } from './support/statistics.ts'

/**
 * By itself it plays where hls.js does, some 8 s behind, and asks servers alone for what is played within 15 s: all there is. With a long
 * playlist, as its documentation has it for live streams, it can be further behind; brought nearer it is told to share earlier.
 */
const THEIR_SETTINGS: Record<string, PeerPageSettings> = {
  'p2p-media-loader by itself': {},
  'p2p-media-loader, 40 s': { distanceS: 40 },
  'p2p-media-loader, 20 s': { distanceS: 20, highDemandS: 6 },
  'p2p-media-loader, 9 s': { distanceS: 9, highDemandS: 3 },
}
/** Its playlist is full. */
const WARM_UP_MS = 65_000

const { apart, skipped } = await findSurroundings({ rttMs: numberOption('rtt', 40), loss: 0 })
const stage = await Stage.start({ apart, warmUpMs: WARM_UP_MS })
try {
  const how = {
    stage,
    count: numberOption('viewers', 5),
    seconds: numberOption('seconds', 60),
    kills: numberOption('kills', 3),
  }
  const runs: Record<string, Contest> = {}
  const wanted = wordsGiven()
  if (wanted.length === 0 || wanted.includes('ours'))
    for (const mode of ['continuity', 'low'] as const)
      runs[`Headwater, ${mode}`] = await watchContest(how, (name) => openOurs(stage, name, mode))
  if (wanted.length === 0 || wanted.includes('theirs')) Object.assign(runs, await theirs(how))
  const machine = {
    cores: availableParallelism(),
    node: process.version,
    load: round(loadavg()[0] ?? NaN, 1),
  }
  const { count: viewers, seconds, kills } = how
  printTable(runs)
  console.log(
    JSON.stringify(
      { benchmark: 'cascade-peers', machine, path: apart, skipped, viewers, seconds, kills, runs },
      null,
      2,
    ),
  )
} finally {
  await stage.end()
}

async function theirs(how: Parameters<typeof watchContest>[0]): Promise<Record<string, Contest>> {
  const options = { edge: stage.asSeen(stage.server.url), roomId: stage.room.id }
  const page = await servePeerPage(options).catch((cause: unknown) => {
    console.error(`SKIPPED: ${PEER_PACKAGE} with ${HLS_PACKAGE} could not be installed (${String(cause)})`)
    return null
  })
  if (!page) return {}
  try {
    const runs: Record<string, Contest> = {}
    for (const [title, settings] of Object.entries(THEIR_SETTINGS))
      runs[title] = await watchContest(how, (name) => openTheirs(stage, name, page.url(settings)))
    return runs
  } finally {
    await page.close()
  }
}

function printTable(runs: Record<string, Contest>): void {
  const rows = Object.entries(runs).map(([name, run]) => ({
    '': name,
    'distance to live, s': round((run.distanceMs?.p50 ?? NaN) / 1000, 1),
    'from peers': `${round(run.offload * 100, 1)} %`,
    'of (N−1)/N': `${round(run.offloadOfBound * 100, 1)} %`,
    'stalls before the kills, ms': run.stallMs.join(' '),
    'in 15 s after each, ms': run.stallAfterKillMs.join(' '),
  }))
  // standard output is the JSON's
  new Console(process.stderr).table(rows)
}
