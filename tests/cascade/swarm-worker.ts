/** A process with some of a swarm's peers: the engine over node-datachannel, fed with parts made as they are due. */
import { sign, createPrivateKey } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { DataChannelStack } from '../../edge/datachannel/stack.ts'
import type { ParentAssignment } from '../../cascade/messages.ts'
import type { PeerId } from '../../cascade/peer-id.ts'
import { runningNumber, type Part } from '../../media/part.ts'
import { encodePart } from '../../media/part-writer.ts'
import { FIRST_PART, syntheticHeader } from '../../media/synthetic-stream.ts'
import { NodePeer } from '../support/node-peer.ts'
import { SMALL_VIDEO, TEST_SECRET_KEY } from '../support/small-part.ts'
import { MutedTransport } from './muted-transport.ts'
import { SWARM, type Arrival, type FromWorker, type StreamShape, type ToWorker } from './swarm-protocol.ts'

const PART_MS = 250
/** A viewer in continuity mode has so much loaded ahead. */
const RESERVE_MS = 8000
/** What a fetch from the edge takes. */
const HTTP_MS = 60
const KEPT_PARTS = 60
const LAG_STEP_MS = 10
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')

const key = createPrivateKey({
  key: Buffer.concat([PKCS8_ED25519, TEST_SECRET_KEY]),
  format: 'der',
  type: 'pkcs8',
})
const stack = await DataChannelStack.open({
  maxConnections: 2000,
  bindAddress: '127.0.0.1',
  onFault: (error) => console.error('fault', error),
})
const peers = new Map<
  PeerId,
  { peer: NodePeer; isRoot: boolean; mutes: Set<MutedTransport>; isMute: boolean }
>()
const parts = new Map<number, Part>()
let arrivals: Arrival[] = []
let stream: StreamShape = { bitrateKbps: 1000, startsAtMs: 0 }

function tell(message: FromWorker): void {
  process.send?.(message)
}

function wallNow(): number {
  return performance.timeOrigin + performance.now()
}

/** The same bytes in every process. */
function partOf(number: number): Part {
  const known = parts.get(number)
  if (known !== undefined) return known
  const header = syntheticHeader(SMALL_VIDEO, number)
  const bytes = (stream.bitrateKbps * PART_MS) / 8
  const samples = Math.round(header.duration / SMALL_VIDEO.sampleDuration)
  const data = Buffer.alloc(Math.round(bytes / samples), number & 0xff)
  const part = encodePart({
    header,
    samples: Array.from({ length: samples }, (_, index) => ({
      time: header.mediaTime + index * SMALL_VIDEO.sampleDuration,
      duration: SMALL_VIDEO.sampleDuration,
      keyframe: header.independent && index === 0,
      data,
    })),
    sign: (message) => sign(null, message, key),
  })
  parts.set(number, part)
  if (parts.size > KEPT_PARTS) parts.delete(Math.min(...parts.keys()))
  return part
}

function madeAtMs(number: number): number {
  return stream.startsAtMs + (number - FIRST_PART) * PART_MS
}

function feedRoots(number: number): void {
  setTimeout(
    () => {
      for (const { peer, isRoot } of peers.values()) if (isRoot) peer.engine.offer(partOf(number))
      feedRoots(number + 1)
    },
    Math.max(0, madeAtMs(number) - wallNow()),
  )
}

function spawn({ id, isRoot, maxChildren }: Extract<ToWorker, { do: 'spawn' }>): void {
  const mutes = new Set<MutedTransport>()
  const peer: NodePeer = new NodePeer({
    ...SWARM,
    id,
    isRoot,
    stack,
    limits: { maxChildren, uploadKbps: null },
    reserveMs: () => (isRoot ? Infinity : RESERVE_MS),
    carry: (to, signal) => tell({ is: 'signal', from: id, to, signal }),
    wrap: (transport) => {
      const muted = new MutedTransport(transport, () => mutes.delete(muted))
      mutes.add(muted)
      // A connection that was in the making when it died is one to nobody.
      if (peers.get(id)?.isMute === true) muted.mute()
      return muted
    },
    events: {
      onPart: ({ header }, source) => {
        const number = runningNumber(header)
        if (!isRoot) arrivals.push({ id, number, delayMs: wallNow() - madeAtMs(number), source })
      },
      onFetch: (_, number) => void setTimeout(() => peer.engine.offer(partOf(number)), HTTP_MS),
      onParentLost: (parent, why) => tell({ is: 'lost', id, parent, why }),
      onSwitch: (change) => tell({ is: 'switch', id, change }),
    },
  })
  peers.set(id, { peer, isRoot, mutes, isMute: false })
}

/** Those it has no connection to yet are dialled; who cannot be reached is said to the coordinator. */
function setParents(id: PeerId, assigned: ParentAssignment[]): void {
  const peer = peers.get(id)?.peer
  if (peer === undefined) return
  peer.renewToken()
  const roles = assigned.map((each) => ({ id: each.id, role: each.role, stripes: each.stripes }))
  peer.engine.setParents(roles)
  for (const role of roles) {
    if (peer.knows(role.id)) continue
    peer
      .dial(role)
      .catch(() => peers.has(id) && tell({ is: 'lost', id, parent: role.id, why: 'unreachable' }))
  }
}

function die(id: PeerId, how: 'silence' | 'close' | 'leave'): void {
  const dying = peers.get(id)
  if (dying === undefined) return
  if (how === 'silence') {
    dying.isMute = true
    for (const mute of dying.mutes) mute.mute()
  } else if (how === 'leave') dying.peer.engine.leave()
  else dying.peer.close()
}

function remove(id: PeerId): void {
  peers.get(id)?.peer.close()
  peers.delete(id)
}

const lag = monitorEventLoopDelay({ resolution: LAG_STEP_MS })
lag.enable()

function report(): void {
  const { user, system } = process.cpuUsage()
  const facts = [...peers].map(([id, { peer, isRoot }]) => ({ id, isRoot, facts: peer.engine.facts() }))
  const residentMib = Math.round(process.memoryUsage.rss() / 1024 / 1024)
  const lagMs = Math.max(0, Math.round(lag.percentile(99) / 1e6) - LAG_STEP_MS)
  tell({ is: 'report', report: { cpuSeconds: (user + system) / 1e6, lagMs, residentMib, peers: facts } })
}

process.on('message', (message: ToWorker) => {
  if (message.do === 'stream') {
    stream = message.stream
    feedRoots(FIRST_PART)
  } else if (message.do === 'spawn') spawn(message)
  else if (message.do === 'parents') setParents(message.id, message.parents)
  else if (message.do === 'signal') peers.get(message.to)?.peer.signal(message.from, message.signal)
  else if (message.do === 'die') die(message.id, message.how)
  else if (message.do === 'remove') remove(message.id)
  else report()
})
process.on('disconnect', () => process.exit())
setInterval(() => {
  if (arrivals.length > 0) tell({ is: 'arrivals', arrivals })
  arrivals = []
}, 200)
tell({ is: 'ready' })
