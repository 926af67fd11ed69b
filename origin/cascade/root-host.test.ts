import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CascadeHouse, PROGRAM } from '../../tests/support/cascade-house.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { EMPTY_MS } from './room/room-cascade.ts'
import { AWAY_MS } from './root-nodes.ts'

let house: CascadeHouse

beforeEach(async () => {
  house = await CascadeHouse.open()
})
afterEach(() => house.stop())

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
