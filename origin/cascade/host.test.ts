import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkToken, parseToken, TOKEN_DOMAIN } from '../../cascade/token.ts'
import { verifySigned } from '../../media/signature.ts'
import { CascadeHouse, FINGERPRINT, PROGRAM } from '../../tests/support/cascade-house.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { VIEWER_AWAY_MS } from './room/room-cascade.ts'

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
    const [first, second] = await house.twoViewers()
    first.say({ type: 'cascade-leave' })
    const { parents } = await second.next('cascade-parents')
    expect(parents.map(({ id }) => id)).not.toContain(first.peerId)
    expect(parents).toHaveLength(1)
  })

  it('gives another parent to one who lost its own', async () => {
    await house.edge()
    const [first, second] = await house.twoViewers()
    second.say({ type: 'cascade-lost', parent: first.peerId, why: 'silent' })
    const { parents } = await second.next('cascade-parents')
    expect(parents.map(({ id }) => id)).not.toContain(first.peerId)
  })

  it('keeps to its limits of how often a client may join', async () => {
    await house.restart({ rates: { join: { burst: 2, perSecond: 0 } } })
    await house.edge()
    const viewer = await house.viewer()
    for (let join = 0; join < 3; join += 1) viewer.join()
    expect(await viewer.next('cascade-off')).toMatchObject({ reason: 'rate' })
  })

  it('takes no more peers into a room than it may', async () => {
    await house.restart({ maxPeersPerRoom: 1 })
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
    const [first, second] = await house.twoViewers()
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
    const [first, second] = await house.twoViewers()
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

describe('after a break', () => {
  it('a viewer comes back under its name with its parents and its children', async () => {
    await house.edge()
    const [first, second] = await house.twoViewers()
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
    const [first, second] = await house.twoViewers()
    await first.leave()
    await eventually(() => house.host.view(house.roomId).peers === 1)
    house.nowMs += VIEWER_AWAY_MS
    const { parents } = await second.next('cascade-parents')
    expect(parents.map(({ id }) => id)).not.toContain(first.peerId)
  })

  it('of the whole signalling the graph is taken as peers and edges report it', async () => {
    const edge = await house.edge()
    const viewers = await house.twoViewers()
    const { peer_id } = await edge.next('root-open')
    const before = graph()
    await house.restart()
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
    const [first] = await house.twoViewers()
    const thief = await house.viewer()
    await thief.enter({ rejoin: { peer_id: first.peerId, secret: 'guessed', parents: [] } })
    expect(thief.peerId).not.toBe(first.peerId)
  })
})

function graph(): Map<string, string[]> {
  const [swarm] = house.host.view(house.roomId).swarms
  const viewers = swarm?.peers.filter(({ device }) => device !== 'root') ?? []
  return new Map(
    viewers.map(({ id, parents }): [string, string[]] => [id, parents.map((each) => each.id)]).sort(),
  )
}
