import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkToken, parseToken, TOKEN_DOMAIN } from '../../cascade/token.ts'
import { parseMeta, runningNumber } from '../../media/part.ts'
import { encodePart } from '../../media/part-writer.ts'
import { syntheticHeader } from '../../media/synthetic-stream.ts'
import { verifySigned } from '../../media/signature.ts'
import { CascadeHouse, FINGERPRINT, PROGRAM } from '../../tests/support/cascade-house.ts'
import type { TestViewer } from '../../tests/support/cascade-house.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { SMALL_VIDEO, smallSamples } from '../../tests/support/small-part.ts'
import { signerOf } from '../room/room.ts'
import { MIN_WATCHED_MS } from './room/control-group.ts'
import { SWITCHED_OFF_MS } from './room/control-viewers.ts'
import { EMPTY_MS, VIEWER_AWAY_MS } from './room/room-cascade.ts'
import { AWAY_MS } from './root-nodes.ts'

let house: CascadeHouse

beforeEach(async () => {
  house = await CascadeHouse.open()
})
afterEach(() => house.stop())

describe('the cascade, as a viewer sees it', () => {
  it('gives a viewer a name, a secret and the root of an edge, which is told to open it', async () => {
    const edge = await house.edge()
    const viewer = await house.viewer()
    const { parents } = await viewer.enter()
    const opened = await edge.next('root-open')
    expect(opened).toMatchObject({
      room: house.roomId,
      program: PROGRAM,
      rendition: '720p',
      max_children: 20,
    })
    expect(opened.tracks).toEqual(['720p', 'audio'])
    expect(parents).toMatchObject([{ id: opened.peer_id, role: 'primary', stripes: 31, depth: 0 }])
  })

  it('gives each viewer a token of its own that the room has signed', async () => {
    await house.edge()
    const viewer = await house.viewer()
    const { token } = await viewer.enter()
    const key = house.rooms.signingKey(house.roomId).publicKey
    const parsed = parseToken(Buffer.from(token, 'base64url'))
    const swarm = { room: house.roomId, program: PROGRAM, rendition: '720p', peer: viewer.peerId }
    const expected = { ...swarm, remoteFingerprint: FINGERPRINT, nowMs: Date.now() }
    const verifyToken = (signed: Uint8Array, signature: Uint8Array): boolean =>
      verifySigned({ signed, signature }, key, TOKEN_DOMAIN)
    expect(await checkToken(parsed, expected, { verifyToken })).toBeNull()
  })

  it('hangs the second viewer below the first one', async () => {
    await house.edge()
    const first = await house.viewer()
    const second = await house.viewer()
    await first.enter()
    const { parents } = await second.enter()
    expect(parents[0]).toMatchObject({ id: first.peerId, role: 'primary', stripes: 15 })
  })

  it.each([
    ['there is no edge with roots', {}, 'no_root'],
    ['the program is another one', { program_id: 'program02' }, 'not_live'],
    ['the program has no such rendition', { rendition: '1080p' }, 'not_live'],
  ])('sends a viewer back to HTTP where %s', async (_, fields, reason) => {
    const viewer = await house.viewer()
    viewer.join(fields)
    expect(await viewer.next('cascade-off')).toMatchObject({ reason, retry_ms: expect.any(Number) })
  })

  it('hears only viewers, and only after their hello', async () => {
    await house.edge()
    const studio = await house.viewer('publisher', { token: house.publisherToken })
    const viewer = await house.viewer()
    studio.join()
    viewer.say({ type: 'cascade-join', program_id: '../' })
    expect(await studio.heard('cascade-welcome')).toEqual([])
    expect(await viewer.heard('cascade-welcome')).toEqual([])
  })

  it('moves a viewer that joins another rendition', async () => {
    await house.edge()
    const viewer = await house.viewer()
    await viewer.enter()
    await viewer.enter({ rendition: '400p' })
    const swarms = house.host
      .view(house.roomId)
      .swarms.map(({ rendition, peers }) => [rendition, peers.length])
    expect(swarms).toEqual([
      ['720p', 1],
      ['400p', 2],
    ])
  })

  it('gives the children of one who leaves others at once', async () => {
    await house.edge()
    const [first, second] = await two()
    first.say({ type: 'cascade-leave' })
    const { parents } = await second.next('cascade-parents')
    expect(parents.map(({ id }) => id)).not.toContain(first.peerId)
    expect(parents).toHaveLength(1)
  })

  it('gives another parent to one who lost its own', async () => {
    await house.edge()
    const [first, second] = await two()
    second.say({ type: 'cascade-lost', parent: first.peerId, why: 'silent' })
    const { parents } = await second.next('cascade-parents')
    expect(parents.map(({ id }) => id)).not.toContain(first.peerId)
  })

  it('keeps to its limits of how often a client may join', async () => {
    await restart({ rates: { join: { burst: 2, perSecond: 0 } } })
    await house.edge()
    const viewer = await house.viewer()
    for (let join = 0; join < 3; join += 1) viewer.join()
    expect(await viewer.next('cascade-off')).toMatchObject({ reason: 'rate' })
  })

  it('takes no more peers into a room than it may', async () => {
    await restart({ maxPeersPerRoom: 1 })
    await house.edge()
    await (await house.viewer()).enter()
    const viewer = await house.viewer()
    viewer.join()
    expect(await viewer.next('cascade-off')).toMatchObject({ reason: 'full' })
  })
})

describe('signals', () => {
  it('are carried between those that were chosen for each other, both ways', async () => {
    await house.edge()
    const [first, second] = await two()
    const sdp = 'v=0\r\n'.repeat(1600)
    second.say({ type: 'cascade-signal', to: first.peerId, kind: 'offer', sdp })
    expect(await first.next('cascade-signal')).toEqual({
      type: 'cascade-signal',
      from: second.peerId,
      kind: 'offer',
      sdp,
    })
    first.say({ type: 'cascade-signal', to: second.peerId, kind: 'candidate', sdp: 'c', mid: '0' })
    expect(await second.next('cascade-signal')).toMatchObject({ from: first.peerId, mid: '0' })
  })

  it('are dropped between others', async () => {
    await house.edge()
    const [first, second] = await two()
    const stranger = await house.viewer()
    await stranger.enter({ rendition: '400p' })
    stranger.say({ type: 'cascade-signal', to: first.peerId, kind: 'offer', sdp: 'x' })
    await stranger.heard('room')
    expect(await first.heard('cascade-signal')).toEqual([])
    expect(await second.heard('cascade-signal')).toEqual([])
    expect(await house.metrics.text()).toContain('headwater_cascade_signals_total{result="dropped"} 1')
  })

  it('reach roots through their edge, and come back from there', async () => {
    const edge = await house.edge()
    const viewer = await house.viewer()
    await viewer.enter()
    const { peer_id: root } = await edge.next('root-open')
    viewer.say({ type: 'cascade-signal', to: root, kind: 'offer', sdp: 'offer' })
    const room = house.roomId
    expect(await edge.next('cascade-signal')).toMatchObject({
      room,
      from: viewer.peerId,
      to: root,
      sdp: 'offer',
    })
    edge.say({ type: 'cascade-signal', room, from: root, to: viewer.peerId, kind: 'answer', sdp: 'answer' })
    expect(await viewer.next('cascade-signal')).toMatchObject({ from: root, kind: 'answer' })
  })

  it('are not taken from an edge in the name of another one’s root', async () => {
    const edge = await house.edge()
    const other = await house.edge({ node: 'edge-2', capacity: 0 })
    const viewer = await house.viewer()
    await viewer.enter()
    const { peer_id: root } = await edge.next('root-open')
    const signal = { room: house.roomId, from: root, to: viewer.peerId, kind: 'answer', sdp: 'x' }
    other.say({ type: 'cascade-signal', ...signal })
    await other.heard('root-open')
    expect(await viewer.heard('cascade-signal')).toEqual([])
  })
})

describe('roots', () => {
  it('are opened on two edges where there are two, so that the death of one stops nobody', async () => {
    const edges = [await house.edge(), await house.edge({ node: 'edge-2' })]
    const viewer = await house.viewer()
    await viewer.enter()
    const opened = await Promise.all(edges.map((edge) => edge.next('root-open')))
    expect(new Set(opened.map(({ peer_id }) => peer_id)).size).toBe(2)
  })

  it('are closed when nobody has wanted the swarm for a while', async () => {
    const edge = await house.edge()
    const viewer = await house.viewer()
    await viewer.enter()
    await edge.next('root-open')
    viewer.say({ type: 'cascade-leave' })
    await viewer.heard('room')
    house.nowMs += EMPTY_MS
    expect(await edge.next('root-close')).toMatchObject({ program: PROGRAM, rendition: '720p' })
  })

  it('that cannot be opened are done without, and viewers are hung elsewhere', async () => {
    const edge = await house.edge()
    const other = await house.edge({ node: 'edge-2' })
    const viewer = await house.viewer()
    const { parents } = await viewer.enter()
    const opened = await edge.next('root-open')
    const second = await other.next('root-open')
    const [failing, rest] = parents[0]?.id === opened.peer_id ? [edge, second] : [other, opened]
    const swarm = { room: house.roomId, program: PROGRAM, rendition: '720p' }
    const [{ id = '' } = {}] = parents
    failing.say({ type: 'root-failed', ...swarm, peer_id: id, reason: 'failed' })
    const now = await viewer.next('cascade-parents')
    expect(now.parents[0]?.id).toBe(rest.peer_id)
  })

  it('stay when their edge is away for a moment, and are given up when it stays away', async () => {
    const edge = await house.edge()
    const viewer = await house.viewer()
    const { parents } = await viewer.enter()
    const { peer_id } = await edge.next('root-open')
    await edge.leave()
    const swarm = { room: house.roomId, program: PROGRAM, rendition: '720p', peer_id }
    const back = await house.edge({ swarms: [swarm] })
    expect(await back.next('root-open')).toMatchObject({ peer_id: parents[0]?.id })
    await back.leave()
    await viewer.heard('room')
    house.nowMs += AWAY_MS
    expect((await viewer.next('cascade-parents')).parents).toEqual([])
  })

  it('of an edge without the cluster’s secret are not let in', async () => {
    await expect(house.edge({}, 'wrong')).rejects.toThrow('401')
  })

  it('of a program that is over are closed', async () => {
    const swarm = { room: house.roomId, program: 'program00', rendition: '720p', peer_id: '00000000000000aa' }
    const edge = await house.edge({ swarms: [swarm] })
    expect(await edge.next('root-close')).toMatchObject({ program: 'program00' })
  })

  it('are shown with what their edges say they send and have to spare, of their own alone', async () => {
    const edge = await house.edge()
    const other = await house.edge({ node: 'edge-2', capacity: 0 })
    const viewer = await house.viewer()
    await viewer.enter()
    const { peer_id } = await edge.next('root-open')
    const roots = (): unknown => house.host.view(house.roomId).swarms[0]?.roots
    const root = { id: peer_id, node: 'edge-1', is_away: false }
    expect(roots()).toEqual([{ ...root, children: null, spare_kbps: null, sent_bytes: 0 }])
    const swarm = { room: house.roomId, program: PROGRAM, rendition: '720p', peer_id }
    const report = { children: 1, spare_kbps: 900, sent_bytes: 700 }
    for (const sent_bytes of [700, 300])
      edge.say({ type: 'root-stats', swarms: [{ ...swarm, ...report, sent_bytes }] })
    other.say({ type: 'root-stats', swarms: [{ ...swarm, ...report, sent_bytes: 9000 }] })
    viewer.stats()
    await Promise.all([edge.heard('root-close'), other.heard('root-close'), viewer.heard('room')])
    expect(roots()).toEqual([{ ...root, children: 1, spare_kbps: 900, sent_bytes: 1000 }])
    expect(house.host.view(house.roomId).bytes).toEqual({ cascade: 1000, http: 10, roots: 1000 })
    await edge.leave()
    await eventually(() => house.host.view(house.roomId).swarms[0]?.roots[0]?.is_away === true)
  })
})

describe('after a break', () => {
  it('a viewer comes back under its name with its parents and its children', async () => {
    await house.edge()
    const [first, second] = await two()
    await first.leave()
    const again = await house.viewer()
    const rejoin = { peer_id: first.peerId, secret: first.secret, parents: [] }
    await again.enter({ rejoin })
    expect(again.peerId).toBe(first.peerId)
    expect(await second.heard('cascade-parents')).toEqual([])
    second.say({ type: 'cascade-signal', to: first.peerId, kind: 'offer', sdp: 'x' })
    expect(await again.next('cascade-signal')).toMatchObject({ from: second.peerId })
  })

  it('a viewer that stays away is taken out of the graph', async () => {
    await house.edge()
    const [first, second] = await two()
    await first.leave()
    await eventually(() => house.host.view(house.roomId).peers === 1)
    house.nowMs += VIEWER_AWAY_MS
    const { parents } = await second.next('cascade-parents')
    expect(parents.map(({ id }) => id)).not.toContain(first.peerId)
  })

  it('of the whole signalling the graph is taken as peers and edges report it', async () => {
    const edge = await house.edge()
    const viewers = await two()
    const { peer_id } = await edge.next('root-open')
    const before = graph()
    await house.stop()
    await house.start()
    for (const viewer of [...viewers].reverse()) {
      const parents = before.get(viewer.peerId)
      const again = await house.viewer()
      again.join({ rejoin: { peer_id: viewer.peerId, secret: viewer.secret, parents } })
      expect(await again.next('cascade-welcome')).toMatchObject({ peer_id: viewer.peerId })
    }
    await house.edge({ swarms: [{ room: house.roomId, program: PROGRAM, rendition: '720p', peer_id }] })
    expect(graph()).toEqual(before)
  })

  it('a name is not given to one who does not know its secret', async () => {
    await house.edge()
    const [first] = await two()
    const thief = await house.viewer()
    await thief.enter({ rejoin: { peer_id: first.peerId, secret: 'guessed', parents: [] } })
    expect(thief.peerId).not.toBe(first.peerId)
  })
})

describe('who is in the cascade at all', () => {
  it('is nobody while it is off for all, or for the room', async () => {
    await restart({ enabled: false })
    await house.edge()
    const viewer = await house.viewer()
    viewer.join()
    expect(await viewer.next('cascade-off')).toMatchObject({ reason: 'disabled' })
  })

  it('are sent back to HTTP when the room turns it off', async () => {
    const edge = await house.edge()
    const viewer = await house.viewer()
    await viewer.enter()
    await house.rooms.update(house.roomId, { settings: { cascade: false } })
    expect(await viewer.next('cascade-off')).toMatchObject({ reason: 'disabled' })
    await edge.next('root-close')
    viewer.join()
    expect(await viewer.next('cascade-off')).toMatchObject({ reason: 'disabled' })
  })

  it('are sent back when the program is over', async () => {
    await house.edge()
    const viewer = await house.viewer()
    await viewer.enter()
    house.live.set(house.roomId, { state: 'ended' })
    expect(await viewer.next('cascade-off')).toMatchObject({ reason: 'not_live' })
  })

  it('leaves a few viewers of a large room on HTTP, the same ones each time', async () => {
    await restart({ viewers: 60 })
    await house.edge({ capacity: 400 })
    const control = await controlViewer()
    const viewer = await house.viewer('viewer', { user_id: control })
    viewer.join()
    expect(await viewer.next('cascade-off')).toMatchObject({ reason: 'control_group', retry_ms: null })
  })

  it('is nobody for a while where the cascade’s viewers stall clearly more than the control group', async () => {
    await restart({ viewers: 60 })
    await house.edge({ capacity: 400 })
    const control = await house.viewer('viewer', { user_id: await controlViewer() })
    control.join()
    await control.next('cascade-off')
    const viewer = await house.viewer('viewer', { user_id: 'in-the-cascade' })
    await viewer.enter()
    control.stats({ played_ms: MIN_WATCHED_MS })
    await control.heard('room')
    viewer.stats({ played_ms: MIN_WATCHED_MS, stall_ms: MIN_WATCHED_MS / 10 })
    const off = await viewer.next('cascade-off')
    expect(off).toMatchObject({ reason: 'disabled', retry_ms: SWITCHED_OFF_MS })
    expect(house.log.text()).toContain('viewers of the cascade stall more')
    expect(await house.metrics.text()).toContain('headwater_cascade_switched_off_total 1')
    viewer.join()
    await viewer.next('cascade-off')
    house.nowMs += SWITCHED_OFF_MS
    await viewer.enter()
  })
})

describe('a polluter', () => {
  it('is cut off when two have said so, and not on one’s word', async () => {
    const edge = await house.edge()
    const [first, second] = await two()
    const third = await house.viewer()
    await third.enter()
    const proof = proofAgainst(first.peerId)
    second.say(proof)
    expect((await second.next('cascade-parents')).parents.map(({ id }) => id)).not.toContain(first.peerId)
    expect(await first.heard('cascade-off')).toEqual([])
    third.say(proof)
    expect(await first.next('cascade-off')).toMatchObject({ reason: 'banned', retry_ms: null })
    expect(await edge.next('cascade-cut')).toMatchObject({ peer_id: first.peerId })
    expect(JSON.stringify(house.host.view(house.roomId).swarms)).not.toContain(first.peerId)
  })

  it('is nobody whose accuser brings a META that the origin did not sign, or the right hash', async () => {
    await house.edge()
    const [first, second] = await two()
    const third = await house.viewer()
    await third.enter()
    const proof = proofAgainst(first.peerId)
    const damaged = { ...proof, meta: proof.meta.replace(/.{4}$/, 'AAAA') }
    for (const each of [damaged, { ...proof, hash: rightHash() }, { ...proof, number: proof.number + 1 }])
      for (const accuser of [second, third]) accuser.say(each)
    await Promise.all([second.heard('room'), third.heard('room')])
    expect(await first.heard('cascade-off')).toEqual([])
  })
})

async function two(): Promise<[TestViewer, TestViewer]> {
  const [first, second] = [await house.viewer(), await house.viewer()]
  await first.enter()
  await second.enter()
  return [first, second]
}

async function restart(settings: Parameters<CascadeHouse['start']>[0]): Promise<void> {
  await house.stop()
  await house.start(settings)
}

function graph(): Map<string, string[]> {
  const [swarm] = house.host.view(house.roomId).swarms
  const viewers = swarm?.peers.filter(({ device }) => device !== 'root') ?? []
  return new Map(
    viewers.map(({ id, parents }): [string, string[]] => [id, parents.map((each) => each.id)]).sort(),
  )
}

/** A name that falls into the control group. */
async function controlViewer(): Promise<string> {
  for (let name = 0; ; name += 1) {
    const viewer = await house.viewer('viewer', { user_id: `user-${name}` })
    viewer.join()
    const answer = await Promise.race([viewer.next('cascade-welcome'), viewer.next('cascade-off')])
    if (answer.type === 'cascade-off') {
      await viewer.leave()
      return `user-${name}`
    }
    viewer.say({ type: 'cascade-leave' })
    await viewer.heard('room')
    await viewer.leave()
  }
}

function signedPart(): ReturnType<typeof parseMeta> {
  const header = { ...syntheticHeader(SMALL_VIDEO, 8), program: PROGRAM, track: '720p' }
  const sign = signerOf(house.rooms.signingKey(house.roomId))
  return parseMeta(encodePart({ header, samples: smallSamples(SMALL_VIDEO, 8), sign }).bytes)
}

function proofAgainst(parent: string): { type: string; meta: string; hash: string; number: number } {
  const { signed, signature, meta } = signedPart()
  return {
    type: 'cascade-polluted',
    ...{ parent, track: '720p', number: runningNumber(meta.header), chunk: 0 },
    meta: Buffer.concat([signed, signature]).toString('base64url'),
    hash: Buffer.alloc(16, 7).toString('base64url'),
  } as ReturnType<typeof proofAgainst>
}

function rightHash(): string {
  return Buffer.from(signedPart().meta.chunkHashes[0] ?? []).toString('base64url')
}
