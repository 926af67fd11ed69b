import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CascadeClientMessage } from '../../cascade/messages.ts'
import { parseFrame } from '../../cascade/frame/codec.ts'
import { partIdOf } from '../../media/part.ts'
import {
  keyOf,
  MemoryNetwork,
  MemoryRoomChannel,
  OTHER_FINGERPRINT,
  ROOM,
  tokenFor,
  VIEWER_FINGERPRINT,
  welcome,
  type OtherPeer,
} from '../../tests/support/cascade-trial.ts'
import { testSign } from '../../tests/support/small-part.ts'
import { DEFAULT_SHARING, describeOffer, type SharingWishes } from '../decisions/sharing.ts'
import { LocalStream } from '../stream/local-stream.ts'
import { MediaFetch } from '../stream/media-fetch.ts'
import { MemoryOrigin, ORIGIN_ADDRESS, partOf, PROGRAM } from '../stream/memory-origin.ts'
import { encodeBase64Url } from './base64url.ts'
import { EngineSide } from './engine-side.ts'
import { memoryPorts } from './memory-port.ts'
import { CascadeSession } from './session.ts'

const ROOT = '00000000000000aa'
const ROOT_400 = '00000000000000ab'
const VIEWER = '00000000000000b1'
const VIEWER_AGAIN = '00000000000000b2'
const CHILD = '00000000000000c1'
const FIRST = 40
const PUBLISH_MS = 60
const SOON = { timeout: 8000, interval: 10 }
const DESK = { isMobile: false, isCellular: false, saveData: false, isHidden: false }

let origin: MemoryOrigin
let stream: LocalStream
let http: MediaFetch
let channel: MemoryRoomChannel
let network: MemoryNetwork
let root: OtherPeer
let session: CascadeSession
let wishes: SharingWishes
let next: number
let publishing: ReturnType<typeof setInterval> | null
/** parts that the root never gets */
let withheld: Set<string>
let names: string[]
/** added to the session's clock */
let laterMs: number
const engines: EngineSide[] = []

beforeEach(async () => {
  origin = new MemoryOrigin()
  origin.sign = testSign
  next = FIRST
  withheld = new Set()
  wishes = DEFAULT_SHARING
  names = [VIEWER, VIEWER_AGAIN]
  laterMs = 0
  http = new MediaFetch({
    fetch: origin.fetch,
    nowMs: () => performance.now(),
    retry: { firstMs: 1, maxMs: 5 },
  })
  stream = new LocalStream({ address: ORIGIN_ADDRESS, http })
  channel = new MemoryRoomChannel()
  network = new MemoryNetwork()
  root = network.add(ROOT, { program: PROGRAM, rendition: '720p', isRoot: true })
  for (let k = 0; k < 16; k++) publish()
  publishing = setInterval(publish, PUBLISH_MS)
  await Promise.all([stream.activate('720p'), stream.activate('audio')])
  channel.answer = coordinate
  session = new CascadeSession({
    ...{ roomId: ROOM, stream, channel, random: () => 0, nowMs: () => performance.now() + laterMs },
    offer: () => describeOffer(DESK, wishes),
    reserve: () => ({ reserveMs: 4000, isPlaying: true }),
    totals: () => ({ stalls: 0, stallMs: 0, playedMs: 0, httpBytes: 0 }),
    createIdentity: async () => ({
      certificate: {} as RTCCertificate,
      fingerprint: VIEWER_FINGERPRINT,
    }),
    openEngine: async () => {
      const { page, engine } = memoryPorts()
      engines.push(new EngineSide({ port: engine }))
      return page
    },
    connect: network.connect,
  })
})

afterEach(() => {
  stopPublishing()
  session.close()
  stream.close()
  http.close()
  network.close()
  for (const engine of engines.splice(0)) engine.close()
})

function publish(): void {
  const k = next++
  origin.publish(k, k + 1)
  for (const track of ['720p', 'audio']) {
    const [header, bytes] = partOf(track, k, testSign)
    const part = { header, bytes }
    if (!withheld.has(keyOf(part))) root.peer.offer(part)
  }
}

function stopPublishing(): void {
  if (publishing) clearInterval(publishing)
  publishing = null
}

/** The coordinator: whoever joins hangs below the root of his rendition. */
function coordinate(message: CascadeClientMessage): void {
  if (message.type === 'cascade-join') {
    const { rendition } = message
    const name = message.rejoin?.peer_id ?? names.shift() ?? ''
    channel.say(welcome(name))
    channel.say({
      type: 'cascade-parents',
      parents: [
        { id: rendition === '720p' ? ROOT : ROOT_400, role: 'primary', stripes: 31, depth: 0, why: '' },
      ],
      token: encodeBase64Url(tokenFor(name, { program: PROGRAM, rendition }, message.fingerprint)),
    })
  }
  if (message.type === 'cascade-signal' && message.kind === 'offer') {
    const rendition = message.to === ROOT ? '720p' : '400p'
    network.accept(message.to, message.sdp, rendition === '720p' ? VIEWER : VIEWER_AGAIN)
  }
}

async function untilFed(): Promise<void> {
  await session.start()
  await vi.waitUntil(() => session.facts().pipe === 'cascade', SOON)
}

const askedFor = (pattern: RegExp): string[] => origin.asked.filter((path) => pattern.test(path))

describe('CascadeSession', () => {
  it('asks for nothing before it is started, then for a place in the swarm of what is played', async () => {
    expect(channel.sent).toEqual([])
    await session.start()
    await vi.waitUntil(() => channel.sent.length > 0, SOON)
    expect(channel.sent[0]).toMatchObject({
      type: 'cascade-join',
      ...{ program_id: PROGRAM, rendition: '720p', fingerprint: VIEWER_FINGERPRINT },
      ability: { device: 'desktop', relays: true, hidden: false, relay_only: false },
    })
  })

  it('lets HTTP rest while peers bring the parts, and the track goes on', async () => {
    await untilFed()
    await vi.waitUntil(() => origin.track('720p').waiting === 0, SOON)
    const asked = askedFor(/m4s|m3u8/).length
    const from = next
    const { track } = await stream.activate('720p')
    await vi.waitUntil(() => track.reaches(partIdOf(from + 8).msn, partIdOf(from + 8).part), SOON)
    expect(askedFor(/m4s|m3u8/).length).toBe(asked)
    const [, bytes] = partOf('720p', from + 4, testSign)
    const { msn, part } = partIdOf(from + 4)
    expect(track.find(msn, part)?.bytes).toEqual(bytes)
    await vi.waitUntil(
      () => session.facts().bytes.fromPrimary > 0 && session.facts().verifiedChunks > 0,
      SOON,
    )
    expect(session.facts()).toMatchObject({ peerId: VIEWER, depth: 1, rejected: 0 })
    expect(session.facts().parents).toMatchObject([{ id: ROOT, role: 'primary', relayed: false }])
  })

  it('brings over HTTP just the part that no parent has', async () => {
    await untilFed()
    const missing = next + 4
    withheld.add(`720p ${missing}`)
    const { msn, part } = partIdOf(missing)
    await vi.waitUntil(() => askedFor(new RegExp(`720p/${msn}\\.${part}\\.m4s`)).length > 0, SOON)
    const { track } = await stream.activate('720p')
    await vi.waitUntil(() => track.reaches(partIdOf(missing + 4).msn, partIdOf(missing + 4).part), SOON)
    expect(track.find(msn, part)?.bytes).toBeTruthy()
    expect(askedFor(/^audio\//).filter((path) => path.includes(`${msn}.${part}.`))).toEqual([])
  })

  it('passes on to its children what peers brought, and what came over HTTP', async () => {
    await untilFed()
    const child = network.add(CHILD, { program: PROGRAM, rendition: '720p', isRoot: false })
    const token = tokenFor(CHILD, { program: PROGRAM, rendition: '720p' }, OTHER_FINGERPRINT)
    channel.say({
      type: 'cascade-signal',
      from: CHILD,
      kind: 'offer',
      sdp: network.dial(CHILD, VIEWER, token),
    })
    await vi.waitUntil(() => child.parts.size > 6, SOON)
    const missing = next + 4
    withheld.add(`720p ${missing}`)
    await vi.waitUntil(() => child.parts.has(`720p ${missing}`), SOON)
    await vi.waitUntil(() => session.facts().children.length === 1, SOON)
    expect(session.facts().bytes.sent).toBeGreaterThan(0)
  })

  it('keeps to HTTP while the publisher is away, and goes back when a parent delivers again', async () => {
    await untilFed()
    session.setPublisher(false)
    expect(session.facts().pipe).toBe('http')
    const asked = askedFor(/720p\/.*m4s/).length
    await vi.waitUntil(() => askedFor(/720p\/.*m4s/).length > asked + 2, SOON)
    expect(session.facts().pipe).toBe('http')
    session.setPublisher(true)
    await vi.waitUntil(() => session.facts().pipe === 'cascade', SOON)
    expect(session.facts().peerId).toBe(VIEWER)
  })

  it('goes on over HTTP when its parent is gone, and tells the coordinator', async () => {
    await untilFed()
    const from = next
    root.peer.close()
    await vi.waitUntil(() => channel.ofType('cascade-lost').length > 0, SOON)
    expect(channel.ofType('cascade-lost')[0]).toMatchObject({ parent: ROOT })
    const { track } = await stream.activate('720p')
    await vi.waitUntil(() => session.facts().pipe === 'http', SOON)
    await vi.waitUntil(() => track.reaches(partIdOf(from + 20).msn, partIdOf(from + 20).part), SOON)
  })

  it('tells the coordinator of a parent that cannot be reached', async () => {
    await session.start()
    await vi.waitUntil(() => session.facts().peerId !== null, SOON)
    const lost = '00000000000000ff'
    const parents = [{ id: lost, role: 'primary' as const, stripes: 31, depth: 0, why: '' }]
    channel.say({ type: 'cascade-parents', parents, token: '' })
    await vi.waitUntil(() => channel.ofType('cascade-signal').some(({ to }) => to === lost), SOON)
    network.fail(channel.ofType('cascade-signal').find(({ to }) => to === lost)?.sdp ?? '')
    expect(channel.ofType('cascade-lost')).toEqual([
      { type: 'cascade-lost', parent: lost, why: 'unreachable' },
    ])
  })

  it('joins the swarm of a new rendition before it leaves the old one', async () => {
    network.add(ROOT_400, { program: PROGRAM, rendition: '400p', isRoot: true })
    await untilFed()
    await stream.activate('400p')
    await vi.waitUntil(() => channel.ofType('cascade-join').length === 2, SOON)
    expect(channel.ofType('cascade-join')[1]).toMatchObject({ rendition: '400p' })
    expect(channel.ofType('cascade-leave')).toEqual([])
    const { track: audio } = await stream.activate('audio')
    const from = next
    await vi.waitUntil(() => audio.reaches(partIdOf(from + 4).msn, partIdOf(from + 4).part), SOON)
    stream.rest('720p')
    await vi.waitUntil(() => session.facts().parents.every(({ id }) => id === ROOT_400), SOON)
    expect(session.facts().peerId).toBe(VIEWER_AGAIN)
  })

  it('keeps its links when the signalling is away, and comes back as who it was', async () => {
    await untilFed()
    channel.isOpen = false
    const from = next
    const { track } = await stream.activate('720p')
    await vi.waitUntil(() => track.reaches(partIdOf(from + 6).msn, partIdOf(from + 6).part), SOON)
    expect(session.facts().pipe).toBe('cascade')
    channel.reopen()
    await vi.waitUntil(() => channel.ofType('cascade-join').length === 2, SOON)
    expect(channel.ofType('cascade-join')[1]?.rejoin).toEqual({
      peer_id: VIEWER,
      secret: `secret of ${VIEWER}`,
      parents: [ROOT],
    })
    expect(session.facts()).toMatchObject({ pipe: 'cascade', peerId: VIEWER })
    expect(root.channels.length).toBe(1)
  })

  it('keeps to HTTP where there is no place for it, and asks again when it may', async () => {
    channel.answer = ({ type }) =>
      type === 'cascade-join' && channel.say({ type: 'cascade-off', reason: 'full', retry_ms: 1000 })
    await session.start()
    await vi.waitUntil(() => channel.ofType('cascade-join').length === 1, SOON)
    expect(session.facts()).toMatchObject({ pipe: 'http', peerId: null })
    channel.answer = coordinate
    await vi.waitUntil(() => session.facts().pipe === 'cascade', SOON)
  })

  it('reports from the control group, too, that it watches over HTTP', async () => {
    channel.answer = ({ type }) =>
      type === 'cascade-join' && channel.say({ type: 'cascade-off', reason: 'control_group', retry_ms: null })
    await session.start()
    await vi.waitUntil(() => channel.ofType('cascade-join').length === 1, SOON)
    laterMs = 12_000
    await vi.waitUntil(() => channel.ofType('cascade-stats').length > 0, SOON)
    expect(channel.ofType('cascade-join').length).toBe(1)
    expect(channel.ofType('cascade-stats')).toMatchObject([{ parents: [], bytes: { cascade: 0 } }])
  })

  it('asks again from the control group when the server was away: the next one does not know of it', async () => {
    channel.answer = ({ type }) =>
      type === 'cascade-join' && channel.say({ type: 'cascade-off', reason: 'control_group', retry_ms: null })
    await session.start()
    await vi.waitUntil(() => channel.ofType('cascade-join').length === 1, SOON)
    channel.isOpen = false
    channel.reopen()
    await vi.waitUntil(() => channel.ofType('cascade-join').length === 2, SOON)
  })

  it('reports what it received and gave, since the report before', async () => {
    await untilFed()
    await vi.waitUntil(() => channel.ofType('cascade-stats').length >= 3, SOON)
    const reports = channel.ofType('cascade-stats')
    const received = reports.reduce((sum, { bytes }) => sum + bytes.cascade, 0)
    const { fromPrimary, fromBackup } = session.facts().bytes
    expect(received).toBeGreaterThan(0)
    expect(received).toBeLessThanOrEqual(fromPrimary + fromBackup)
    expect(reports.at(-1)?.parents).toMatchObject([{ id: ROOT, relayed: false }])
  })

  it('gives its place up rather than show an address where there is no relay server', async () => {
    wishes = { ...wishes, hideAddress: true }
    await session.start()
    await vi.waitUntil(() => channel.ofType('cascade-leave').length > 0, SOON)
    expect(channel.ofType('cascade-signal')).toEqual([])
    expect(session.facts().peerId).toBeNull()
  })

  it('takes another place when its viewer will relay no more', async () => {
    await untilFed()
    wishes = { ...wishes, relay: false }
    await vi.waitUntil(() => channel.ofType('cascade-join').length === 2, SOON)
    expect(channel.ofType('cascade-leave').length).toBe(1)
    expect(channel.ofType('cascade-join')[1]?.ability).toMatchObject({ relays: false, max_children: 0 })
  })

  it('says good-bye when it is closed, and HTTP goes on', async () => {
    await untilFed()
    session.close()
    expect(channel.sent.at(-1)).toEqual({ type: 'cascade-leave' })
    const { track } = await stream.activate('720p')
    const from = next
    await vi.waitUntil(() => track.reaches(partIdOf(from + 6).msn, partIdOf(from + 6).part), SOON)
    await vi.waitUntil(() => root.peer.facts().children.length === 0, SOON)
  })

  it('says good-bye and ends its links in the turn in which its page goes', async () => {
    await untilFed()
    const control = root.channels[0]?.control
    const heard: string[] = []
    const onMessage = control?.onmessage
    if (control)
      control.onmessage = function (event) {
        heard.push(parseFrame(new Uint8Array(event.data as ArrayBuffer)).type)
        onMessage?.call(this, event)
      }
    session.close({ isPageGoing: true })
    await Promise.resolve()
    expect(control?.far?.readyState).toBe('closed')
    await vi.waitUntil(() => root.peer.facts().children.length === 0, SOON)
    expect(heard).toContain('bye')
  })
})
