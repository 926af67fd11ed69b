import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RootServerMessage } from '../../cascade/root-messages.ts'
import { createLogger } from '../../runtime/logger.ts'
import { Metrics } from '../../runtime/metrics.ts'
import { CascadeOrigin, partPath, PROGRAM, ROOM } from '../../tests/support/cascade-origin.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { captureLog } from '../../tests/support/log-lines.ts'
import { NodePeer, TEST_KEY_BASE64URL } from '../../tests/support/node-peer.ts'
import { CLUSTER_SECRET, startEdge, type RunningEdge } from '../../tests/support/running-edge.ts'
import { partIdOf, runningNumber, type Part } from '../../media/part.ts'
import type { Signal } from '../datachannel/connection.ts'
import { DataChannelStack } from '../datachannel/stack.ts'
import { openRoots } from './open-roots.ts'

const ROOT_ID = 'aaaaaaaaaaaaaaaa'
const TRACKS = ['720p', 'audio']
const PRIMARY = { id: ROOT_ID, role: 'primary', stripes: 31 } as const
const faults: unknown[] = []
const LOOPBACK = {
  maxConnections: 10,
  bindAddress: '127.0.0.1',
  onFault: (error: unknown): void => void faults.push(error),
}

let origin: CascadeOrigin
let edge: RunningEdge
let stack: DataChannelStack
const peers: NodePeer[] = []
const parts: Part[] = []

beforeEach(async () => {
  origin = new CascadeOrigin()
  await origin.up()
  edge = await startEdge({
    originUrl: origin.url,
    roots: { maxChildren: 3, uploadMbps: 100, bindAddress: '127.0.0.1' },
    timing: { connectMs: 500 },
  })
  stack = await DataChannelStack.open(LOOPBACK)
})

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close()
  parts.length = 0
  await edge.close()
  stack.close()
  await origin.down()
  expect(faults.splice(0)).toEqual([])
})

function open(changes: Partial<Extract<RootServerMessage, { type: 'root-open' }>> = {}): void {
  origin.send({
    type: 'root-open',
    room: ROOM,
    program: PROGRAM,
    rendition: '720p',
    peer_id: ROOT_ID,
    tracks: TRACKS,
    public_key: TEST_KEY_BASE64URL,
    ice_servers: [],
    max_children: 3,
    ...changes,
  })
}

/** A viewer whose signalling goes by way of the coordinator's host. */
function viewer(changes: { id?: string; stack?: DataChannelStack } = {}): NodePeer {
  const peer: NodePeer = new NodePeer({
    ...{ room: ROOM, program: PROGRAM, rendition: '720p', tracks: TRACKS, stack, ...changes },
    events: { onPart: (part) => parts.push(part) },
    carry: (to, signal) => origin.send({ type: 'cascade-signal', room: ROOM, from: peer.id, to, ...signal }),
  })
  peers.push(peer)
  origin.onMessage = (message) => {
    if (message.type === 'cascade-signal')
      peers.find(({ id }) => id === message.to)?.signal(message.from, signalOf(message))
  }
  return peer
}

function signalOf({
  kind,
  sdp,
  mid,
}: {
  kind: Signal['kind']
  sdp: string
  mid?: string | undefined
}): Signal {
  return { kind, sdp, ...(mid === undefined ? {} : { mid }) }
}

async function joined(peer: NodePeer): Promise<void> {
  await peer.dial(PRIMARY)
  await eventually(() => peer.engine.facts().parents[0]?.state === 'granted')
}

function numbersOf(track: string): number[] {
  return parts
    .filter(({ header }) => header.track === track)
    .map(({ header }) => runningNumber(header))
    .toSorted((a, b) => a - b)
}

/** Makes parts until the viewer has had so many of each track. */
async function flow(count: number): Promise<void> {
  const had = parts.length
  await eventually(() => {
    origin.make(1)
    return parts.length >= had + count * TRACKS.length
  })
}

it('says hello with the cluster secret and what it can carry', async () => {
  expect(await origin.got('root-hello')).toMatchObject({ capacity: 3, swarms: [] })
  expect(origin.authorizations).toEqual([`Bearer ${CLUSTER_SECRET}`])
})

it('gives every part of both tracks to its children, and asks the origin for each once', async () => {
  await origin.got('root-hello')
  open()
  await joined(viewer())
  await flow(20)
  for (const track of TRACKS) {
    const numbers = numbersOf(track)
    const first = numbers[0] ?? 0
    expect(numbers).toEqual(numbers.map((_, index) => first + index))
    // Whoever watches over HTTP has the same from the cache.
    for (const number of numbers) {
      const answer = await fetch(`${edge.url}${partPath(track, number)}`)
      expect(answer.status).toBe(200)
      expect(origin.asked.filter((path) => path === partPath(track, number))).toHaveLength(1)
    }
  }
  expect(await edge.metric('headwater_cascade_children')).toBe(1)
  const bytes = parts.reduce((sum, part) => sum + part.bytes.length, 0)
  await eventually(async () => (await edge.metric('headwater_cascade_bytes_total{pipe="root"}')) > bytes / 2)
})

it('passes over a part that its upstream names as a gap: it goes on behind it, and repeats nothing', async () => {
  await origin.got('root-hello')
  const { msn } = partIdOf(origin.next)
  // In the middle of a segment, and where one begins.
  const gaps = [`${msn + 1}.3.m4s`, `${msn + 2}.0.m4s`]
  for (const name of gaps) origin.gaps.add(name)
  open()
  await joined(viewer())
  const last = runningNumber({ msn: msn + 2, part: 4 })
  while (origin.next <= last) {
    origin.make(1)
    await eventually(() => origin.asked.includes(partPath('audio', origin.next)), 1000).catch(() => null)
  }
  const missing = [runningNumber({ msn: msn + 1, part: 3 }), runningNumber({ msn: msn + 2, part: 0 })]
  await eventually(() => TRACKS.every((track) => numbersOf(track).at(-1) === last))
  for (const track of TRACKS) {
    const numbers = numbersOf(track)
    const all = Array.from({ length: last + 1 - (numbers[0] ?? 0) }, (_, index) => (numbers[0] ?? 0) + index)
    expect(numbers).toEqual(all.filter((number) => !missing.includes(number)))
  }
})

it('leaves nothing out behind a gap where the next segment has begun meanwhile', async () => {
  await origin.got('root-hello')
  const { msn } = partIdOf(origin.next)
  origin.gaps.add(`${msn + 1}.3.m4s`)
  open()
  await joined(viewer())
  await flow(1)
  const last = runningNumber({ msn: msn + 2, part: 4 })
  origin.make(last + 1 - origin.next)
  await eventually(() => TRACKS.every((track) => numbersOf(track).at(-1) === last))
  const gap = runningNumber({ msn: msn + 1, part: 3 })
  for (const track of TRACKS) {
    const numbers = numbersOf(track)
    const first = numbers[0] ?? 0
    const all = Array.from({ length: last + 1 - first }, (_, index) => first + index)
    expect(numbers).toEqual(all.filter((number) => number !== gap))
  }
})

it('tells the coordinator what it sends and what it has to spare', async () => {
  await origin.got('root-hello')
  open()
  await joined(viewer())
  await flow(5)
  const from = origin.received.length
  await eventually(() => {
    origin.make(1)
    return origin.received
      .slice(from)
      .some((message) => message.type === 'root-stats' && (message.swarms[0]?.sent_bytes ?? 0) > 0)
  })
  const stats = await origin.got('root-stats', from)
  expect(stats.swarms[0]).toMatchObject({ peer_id: ROOT_ID, room: ROOM, children: 1 })
})

it('keeps its children when the coordinator goes away, and says what it has when it is back', async () => {
  await origin.got('root-hello')
  open()
  await joined(viewer())
  await flow(3)
  const from = origin.received.length
  await origin.down()
  await origin.up()
  const hello = await origin.got('root-hello', from)
  expect(hello.swarms).toEqual([{ room: ROOM, program: PROGRAM, rendition: '720p', peer_id: ROOT_ID }])
  await flow(8)
  expect(peers[0]?.engine.facts().parents[0]?.state).toBe('granted')
  const numbers = numbersOf('720p')
  expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index))
})

it('has no more children than the coordinator says', async () => {
  await origin.got('root-hello')
  open({ max_children: 1 })
  await joined(viewer())
  const second = viewer()
  await second.dial(PRIMARY)
  await eventually(() => second.engine.facts().parents.length === 0)
  open({ max_children: 2 })
  await joined(second)
})

it('takes leave of its children when it closes, within a second', async () => {
  await origin.got('root-hello')
  open()
  const peer = viewer()
  await joined(peer)
  const startedAt = performance.now()
  await edge.edge.close()
  expect(performance.now() - startedAt).toBeLessThan(1000)
  await eventually(() => peer.engine.facts().parents.length === 0)
})

it('closes a root when the coordinator says so, and when its program is over', async () => {
  await origin.got('root-hello')
  open()
  const peer = viewer()
  await joined(peer)
  origin.send({ type: 'root-close', room: ROOM, program: PROGRAM, rendition: '720p' })
  await eventually(() => peer.engine.facts().parents.length === 0)
  open({ program: 'another01', peer_id: 'bbbbbbbbbbbbbbbb' })
  expect(await origin.got('root-failed')).toMatchObject({ program: 'another01', reason: 'not_live' })
})

it('has nothing more to do with whoever is cut off', async () => {
  await origin.got('root-hello')
  open()
  const peer = viewer()
  await joined(peer)
  origin.send({ type: 'cascade-cut', room: ROOM, peer_id: peer.id })
  await eventually(() => peer.engine.facts().parents.length === 0)
  const hasty = await DataChannelStack.open({ ...LOOPBACK, openMs: 400 })
  await expect(viewer({ id: peer.id, stack: hasty }).dial(PRIMARY)).rejects.toThrow('timeout')
  hasty.close()
})

it('fails a root whose key is none, and goes on', async () => {
  await origin.got('root-hello')
  open({ public_key: 'AAAA' })
  expect(await origin.got('root-failed')).toMatchObject({ reason: 'failed' })
  open()
  await joined(viewer())
})

it('does without roots where the library has no binary, and says so once', async () => {
  const log = captureLog()
  const roots = await openRoots({
    originUrl: origin.url,
    clusterSecret: CLUSTER_SECRET,
    logger: log.logger,
    metrics: new Metrics(),
    coalescer: { find: () => expect.fail('nobody asks') },
    settings: { maxChildren: 1, uploadMbps: null },
    stack: { load: () => Promise.reject(new Error('no binary')) },
  })
  expect(roots).toBeNull()
  expect(log.lines().filter(({ code }) => code === 'cascade_unavailable')).toHaveLength(1)
})

it('opens nothing where the operator wants no roots', async () => {
  const settings = null
  const shared = { originUrl: origin.url, clusterSecret: '', logger: createLogger({ level: 'silent' }) }
  const coalescer = { find: () => expect.fail('nobody asks') }
  expect(await openRoots({ ...shared, metrics: new Metrics(), coalescer, settings })).toBeNull()
})
