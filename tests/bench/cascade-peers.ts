/**
 * The cascade beside p2p-media-loader on hls.js: the same live stream, as many viewers in Chromium, the same kill.
 * `npm run bench -- cascade-peers [--viewers=5] [--seconds=60]`; JSON on standard output, a table beside it.
 */
import { Console } from 'node:console'
import { availableParallelism, loadavg } from 'node:os'
import { launchChromium } from '../support/chromium.ts'
import { Stage } from '../support/viewer/stage.ts'
import { PEER_PACKAGE, HLS_PACKAGE, servePeerPage } from './support/p2p-media-loader.ts'
import { openOurs, openTheirs, watchContest, type Contest } from './support/peer-contest.ts'
import { round } from './support/statistics.ts'
import { WebTorrentTracker } from './support/webtorrent-tracker.ts'

const VIEWERS = option('viewers', 5)
const SECONDS = option('seconds', 60)
/** Theirs shares what is further away than this; by itself it plays at the oldest end of the playlist. */
const THEIR_DISTANCE_S = 20
/** Ours in its usual mode. */
const OUR_DISTANCE_S = 9
const WARM_UP_MS = 65_000

const stage = await Stage.start({ warmUpMs: WARM_UP_MS })
const browser = await launchChromium({ throttles: true, hasPeers: true })
try {
  const how = { stage, browser, count: VIEWERS, seconds: SECONDS }
  const runs: Record<string, Contest> = {
    'Headwater, continuity': await watchContest(how, (name) => openOurs(how, name, 'continuity')),
    'Headwater, low': await watchContest(how, (name) => openOurs(how, name, 'low')),
    ...(await theirs(how)),
  }
  const machine = {
    cores: availableParallelism(),
    node: process.version,
    load: round(loadavg()[0] ?? NaN, 1),
  }
  printTable(runs)
  console.log(JSON.stringify({ benchmark: 'cascade-peers', machine, VIEWERS, SECONDS, runs }, null, 2))
} finally {
  await browser.close()
  await stage.end()
}

async function theirs(how: Parameters<typeof watchContest>[0]): Promise<Record<string, Contest>> {
  const tracker = await WebTorrentTracker.start()
  try {
    const options = { edge: stage.server.url, roomId: stage.room.id, tracker: tracker.url }
    const page = await servePeerPage(options).catch((cause: unknown) => {
      console.error(`SKIPPED: ${PEER_PACKAGE} with ${HLS_PACKAGE} could not be installed (${String(cause)})`)
      return null
    })
    if (!page) return {}
    const runs: Record<string, Contest> = {}
    for (const distanceS of [THEIR_DISTANCE_S, OUR_DISTANCE_S])
      runs[`p2p-media-loader, ${distanceS} s`] = await watchContest(how, () =>
        openTheirs(how, page.url(distanceS)),
      )
    await page.close()
    return runs
  } finally {
    await tracker.close()
  }
}

function printTable(runs: Record<string, Contest>): void {
  const rows = Object.entries(runs).map(([name, run]) => ({
    '': name,
    'distance to live, s': round((run.distanceMs?.p50 ?? NaN) / 1000, 1),
    'from peers': `${round(run.offload * 100, 1)} %`,
    'of (N−1)/N': `${round(run.offloadOfBound * 100, 1)} %`,
    'stalls before the kill, ms': run.stallMs.join(' '),
    'in 15 s after it, ms': run.stallAfterKillMs.join(' '),
  }))
  // standard output is the JSON's
  new Console(process.stderr).table(rows)
}

function option(name: string, otherwise: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`))
  return given ? Number(given.split('=')[1]) || otherwise : otherwise
}
