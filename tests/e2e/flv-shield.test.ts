/** FLV of a real program through shields and edges as processes of their own: the shield is killed, and viewers lose no frame. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { FlvTag } from '../../media/flv-stream.ts'
import { eventually } from '../support/eventually.ts'
import { FlvViewer } from '../support/flv-viewer.ts'
import { freePorts } from '../support/free-ports.ts'
import { HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { publishFlashes, type Publisher } from '../support/publisher.ts'

const CLUSTER_SECRET = 'secret-of-the-shields-under-test'
const LIMIT_MS = 90_000
const FPS = 30
/** An AAC frame at 48 kHz is 21.3 ms. */
const SOUND_MS = 22
const BEFORE_MS = 4000
const AFTER_MS = 8000

let origin: HeadwaterProcess
let publisher: Publisher
let room: MadeRoom
let shields: HeadwaterProcess[]
let edges: HeadwaterProcess[]

beforeAll(async () => {
  origin = await HeadwaterProcess.start({ env: { CLUSTER_SECRET } })
  room = await origin.createRoom()
  publisher = publishFlashes({ url: origin.publishUrl(room), size: '426x240' })
  await origin.live(room.id)
  const ports = await freePorts(2)
  const env = { CLUSTER_SECRET, ORIGIN_URL: origin.internalUrl }
  shields = await Promise.all(
    ports.map((port) =>
      HeadwaterProcess.start({
        args: ['--role', 'edge', '--shield'],
        env: { ...env, INTERNAL_PORT: `${port}` },
      }),
    ),
  )
  const SHIELD_URLS = shields.map(({ internalUrl }) => internalUrl).join(',')
  edges = await Promise.all(
    [0, 1].map(() => HeadwaterProcess.start({ args: ['--role', 'edge'], env: { ...env, SHIELD_URLS } })),
  )
})

afterAll(async () => {
  await publisher.close()
  for (const each of [...edges, ...shields, origin]) await each.close()
})

function timesOf(viewer: FlvViewer, type: FlvTag['type']): number[] {
  // A sequence header has the time of whoever joins.
  return viewer.tags().flatMap((tag) => (tag.type === type && tag.data[1] !== 0 ? [tag.timestampMs] : []))
}

function lengthMs(viewer: FlvViewer): number {
  const times = timesOf(viewer, 'video')
  return (times.at(-1) ?? 0) - (times[0] ?? 0)
}

/** 0 for one that is gone. */
async function streamsOf(processes: readonly HeadwaterProcess[]): Promise<number[]> {
  return Promise.all(processes.map((each) => each.metric('headwater_edge_flv_upstreams').catch(() => 0)))
}

it('an FLV is read once of the origin for all edges, and goes on at the very frame when its shield is killed', async () => {
  const viewers = edges.flatMap(({ url }) =>
    ['source', '240p'].map(
      (name) => new FlvViewer(Number(new URL(url).port), `/live/${room.id}/${name}.flv`),
    ),
  )
  await eventually(() => viewers.every((viewer) => lengthMs(viewer) > BEFORE_MS), LIMIT_MS)
  // Where one was slow to begin, an edge asked the other, and goes home after half a minute.
  let streams: number[] = []
  await eventually(async () => {
    streams = await streamsOf(shields)
    return streams.toSorted().join() === '0,2'
  }, LIMIT_MS)
  const [used, other] = streams[0] === 2 ? [0, 1] : [1, 0]
  const lengths = viewers.map(lengthMs)
  shields[used]?.child.kill('SIGKILL')
  await eventually(
    () => viewers.every((viewer, n) => lengthMs(viewer) > (lengths[n] ?? 0) + AFTER_MS),
    LIMIT_MS,
  )
  await eventually(async () => (await streamsOf(shields))[other] === 2, LIMIT_MS)
  for (const viewer of viewers) {
    expect(viewer.isClosed).toBe(false)
    for (const [type, longestMs] of [
      ['video', 1.5 * (1000 / FPS)],
      ['audio', 1.5 * SOUND_MS],
    ] as const) {
      const times = timesOf(viewer, type)
      const steps = times.slice(1).map((time, n) => time - (times[n] ?? 0))
      expect(Math.min(...steps)).toBeGreaterThan(0)
      expect(Math.max(...steps)).toBeLessThan(longestMs)
    }
    viewer.close()
  }
})
