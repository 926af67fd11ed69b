import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseMeta, runningNumber } from '../../../media/part.ts'
import { encodePart } from '../../../media/part-writer.ts'
import { syntheticHeader } from '../../../media/synthetic-stream.ts'
import { CascadeHouse, PROGRAM } from '../../../tests/support/cascade-house.ts'
import { SMALL_VIDEO, smallSamples } from '../../../tests/support/small-part.ts'
import { signerOf } from '../../room/room.ts'
import { MIN_WATCHED_MS } from './control-group.ts'
import { SWITCHED_OFF_MS } from './control-viewers.ts'

let house: CascadeHouse

beforeEach(async () => {
  house = await CascadeHouse.open()
})
afterEach(() => house.stop())

describe('who is in the cascade at all', () => {
  it('is nobody while it is off for all, or for the room', async () => {
    await house.restart({ enabled: false })
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
    await house.restart({ viewers: 60 })
    await house.edge({ capacity: 400 })
    const control = await controlViewer()
    const viewer = await house.viewer('viewer', { user_id: control })
    viewer.join()
    expect(await viewer.next('cascade-off')).toMatchObject({ reason: 'control_group', retry_ms: null })
  })

  it('is nobody for a while where the cascade’s viewers stall clearly more than the control group', async () => {
    await house.restart({ viewers: 60 })
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
    const [first, second] = await house.twoViewers()
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
    const [first, second] = await house.twoViewers()
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
