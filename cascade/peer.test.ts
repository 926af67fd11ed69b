import { describe, expect, it } from 'vitest'
import type { Part } from '../media/part.ts'
import { FIRST_PART } from '../media/synthetic-stream.ts'
import type { MemoryTransport } from './memory-transport.ts'
import type { Channel } from './transport.ts'
import { parseFrame } from './frame/codec.ts'
import { ALL_STRIPES } from './frame/frame.ts'
import { seededRandom } from '../tests/sim/random.ts'
import { madePart, PART_MS, Swarm, type Member } from '../tests/support/swarm.ts'

const ROOT = '00000000000000aa'
const A = '00000000000000a1'
const B = '00000000000000b1'
const C = '00000000000000c1'
const D = '00000000000000d1'
const FOREIGN = Array<string>(32).fill('CC').join(':')

/** Running numbers of a track that a member has whole, in order. */
function numbers(member: Member, track = '720p'): number[] {
  return [...member.parts.keys()]
    .filter((key) => key.startsWith(`${track} `))
    .map((key) => Number(key.split(' ')[1]))
    .sort((a, b) => a - b)
}

function expectRun(member: Member, from: number, to: number): void {
  for (const track of ['720p', 'audio'])
    expect(numbers(member, track).filter((k) => k >= from && k < to)).toEqual(
      Array.from({ length: to - from }, (_, index) => from + index),
    )
}

/** For each part: from its publication to having it whole. */
function delaysMs(swarm: Swarm, member: Member, from: number): number[] {
  return numbers(member)
    .filter((k) => k >= from)
    .map((k) => (member.parts.get(`720p ${k}`)?.atMs ?? Infinity) - swarm.publishedAtMs(k))
}

/** A root; two relays below it; a viewer with the first as primary and the second as backup. */
function diamond(): { swarm: Swarm; viewer: Member } {
  const swarm = new Swarm()
  swarm.root(ROOT)
  swarm.add(A)
  swarm.add(B)
  const viewer = swarm.add(C)
  swarm.hang(A, ROOT)
  swarm.hang(B, ROOT)
  swarm.clock.runFor(200)
  swarm.play(2)
  swarm.hang(C, A, B)
  swarm.play(10)
  return { swarm, viewer }
}

describe('a peer', () => {
  it('gets every part of every track from its parent, byte for byte', () => {
    const swarm = new Swarm()
    swarm.root(ROOT)
    const a = swarm.add(A)
    swarm.hang(A, ROOT)
    swarm.clock.runFor(100)
    swarm.play(20)
    expectRun(a, FIRST_PART, FIRST_PART + 20)
    expect(a.parts.get(`720p ${FIRST_PART}`)?.part.bytes).toEqual(madePart('720p', FIRST_PART).bytes)
    expect(a.fetches).toEqual([])
    expect(a.peer.facts()).toMatchObject({ depth: 1, switches: 0, rejectedChunks: 0 })
  })

  it('goes on in a chain longer than a frame can name the ancestors of', () => {
    const swarm = new Swarm()
    const ids = [ROOT, ...Array.from({ length: 16 }, (_, at) => `00000000000000${(at + 16).toString(16)}`)]
    swarm.root(ROOT)
    ids.slice(1).forEach((id, at) => {
      swarm.add(id)
      swarm.hang(id, ids[at] ?? ROOT)
      swarm.clock.runFor(200)
    })
    const last = swarm.add(C)
    swarm.hang(C, ids.at(-1) ?? ROOT)
    swarm.play(8)
    expect(last.parts.size).toBeGreaterThan(0)
  })

  it('hands chunks on as they come: five hops take little more than five ways', () => {
    const swarm = new Swarm({ delayMs: 20, rateKbps: 20_000 })
    const ids = [ROOT, A, B, C, D, '00000000000000e1']
    swarm.root(ROOT)
    ids.slice(1).forEach((id, at) => {
      swarm.add(id)
      swarm.hang(id, ids[at] ?? ROOT)
      swarm.clock.runFor(200)
      swarm.play(1)
    })
    const from = swarm.next
    swarm.play(12)
    const last = swarm.get('00000000000000e1')
    expect(last.peer.facts().depth).toBe(5)
    expect(
      Math.max(
        ...delaysMs(swarm, last, from)
          .slice(0, -2)
          .map((ms) => ms - 1200 - 0),
      ),
    ).toBeLessThan(400)
    expectRun(last, from, from + 11)
  })

  it('takes four stripes from its primary and one from its backup, nothing twice', () => {
    const { swarm, viewer } = diamond()
    swarm.play(20)
    const before = viewer.peer.facts().bytes
    swarm.play(40)
    const after = viewer.peer.facts().bytes
    const [primary, backup] = [after.fromPrimary - before.fromPrimary, after.fromBackup - before.fromBackup]
    expect(backup / primary).toBeGreaterThan(0.2)
    expect(backup / primary).toBeLessThan(0.3)
    expect((after.duplicate - before.duplicate) / (primary + backup)).toBeLessThan(0.03)
    expect(viewer.peer.facts().switches).toBe(0)
  })

  it('loses no part and waits little when its primary dies without a word', () => {
    const { swarm, viewer } = diamond()
    swarm.clock.runFor(60)
    const from = swarm.next
    swarm.kill(A)
    swarm.play(20)
    expectRun(viewer, from, from + 19)
    expect(viewer.fetches).toEqual([])
    expect(Math.max(...delaysMs(swarm, viewer, from))).toBeLessThan(300)
    expect(viewer.lost).toMatchObject([{ parent: A, why: 'silent' }])
    expect(viewer.peer.facts().parents).toMatchObject([{ id: B, stripes: 0b11111 }])
    expect(viewer.switches).toMatchObject([{ from: A, to: B }])
  })

  it('is sent nothing of before its time when it comes, by however many parents', () => {
    const { swarm } = diamond()
    swarm.play(20)
    const before = swarm.next
    const late = swarm.add(D)
    // Both are there before the first part is.
    swarm.hang(D, A, B)
    swarm.clock.runFor(100)
    swarm.play(12)
    expect(Math.min(...numbers(late))).toBeGreaterThanOrEqual(before - 1)
    expectRun(late, before, before + 11)
    expect(late.fetches).toEqual([])
    expect(late.peer.facts().switches).toBe(0)
  })

  it('goes over at once when its primary says good-bye', () => {
    const { swarm, viewer } = diamond()
    const from = swarm.next
    swarm.get(A).peer.leave()
    swarm.play(8)
    expectRun(viewer, from, from + 7)
    expect(viewer.lost).toMatchObject([{ parent: A, why: 'bye', alternative: ROOT }])
    expect(Math.max(...delaysMs(swarm, viewer, from))).toBeLessThan(PART_MS)
  })
})

describe('a peer whose parents fail it', () => {
  it('drops a parent that beats and brings nothing, and repairs meanwhile', () => {
    const { swarm, viewer } = diamond()
    const from = swarm.next
    silence(swarm.linkOf(C, A)[1], 'media')
    swarm.play(16)
    expectRun(viewer, from, from + 15)
    expect(viewer.lost).toMatchObject([{ parent: A, why: 'zombie' }])
    expect(viewer.fetches).toEqual([])
    expect(Math.max(...delaysMs(swarm, viewer, from))).toBeLessThan(400)
  })

  it('does not wait, newly come, for a parent that is cut off from the stream itself', () => {
    const { swarm } = diamond()
    swarm.linkOf(A, ROOT)[0].cut()
    swarm.play(1)
    const late = swarm.add(D)
    swarm.connect(D, A, { stripes: ALL_STRIPES })
    swarm.connect(D, B, { role: 'backup', stripes: 0 })
    const from = swarm.next
    swarm.play(16)
    expectRun(late, from + 6, from + 15)
    expect(late.lost).toMatchObject([{ parent: A, why: 'zombie' }])
  })

  it('repairs what gets lost on the way, and switches to nobody for it', () => {
    const chance = seededRandom(7).next
    const swarm = new Swarm({ delayMs: 20, lossMedia: 0.05, lossHeartbeat: 0.02, random: chance })
    swarm.root(ROOT)
    for (const id of [A, B]) {
      swarm.add(id)
      swarm.hang(id, ROOT)
    }
    swarm.clock.runFor(200)
    swarm.play(2)
    const viewer = swarm.add(C)
    swarm.hang(C, A, B)
    swarm.play(4)
    const from = swarm.next
    swarm.play(120)
    expectRun(viewer, from, from + 118)
    expect(viewer.fetches).toEqual([])
    expect(viewer.peer.facts()).toMatchObject({ switches: 0 })
  })

  it('asks for what describes a part that is late, not for all of a part that is on its way', () => {
    const { swarm, viewer } = diamond()
    const root = swarm.get(ROOT)
    swarm.connect(C, ROOT, { role: 'backup', stripes: 0 })
    swarm.play(8)
    const fromRoot = (): number => root.peer.facts().children.find(({ id }) => id === C)?.bytes ?? Infinity
    const { bytes } = viewer.peer.facts()
    const before = { root: fromRoot(), own: bytes.fromPrimary + bytes.fromBackup }
    for (const parent of [A, B]) delayFor(swarm, swarm.linkOf(C, parent)[1], 130)
    swarm.play(4)
    expect(viewer.peer.facts().nacksSent).toBeGreaterThan(0)
    const after = viewer.peer.facts().bytes
    expect(fromRoot() - before.root).toBeLessThan((after.fromPrimary + after.fromBackup - before.own) / 8)
  })

  it('asks HTTP in time when nobody else has it', () => {
    const swarm = new Swarm()
    swarm.root(ROOT)
    const viewer = swarm.add(A, { reserveMs: 700 })
    swarm.hang(A, ROOT)
    swarm.clock.runFor(100)
    swarm.play(8)
    const from = swarm.next
    swarm.kill(ROOT)
    viewer.reserveMs = 400
    swarm.next++
    swarm.play(6)
    expect(viewer.fetches).toContainEqual(expect.objectContaining({ track: '720p', number: from }))
    expect(viewer.parts.get(`720p ${from}`)?.source).toBe('http')
    expect(viewer.lost).toMatchObject([{ parent: ROOT, why: 'silent' }])
  })

  it('knows a new link for a lossy one where its others are', () => {
    const swarm = lossySwarm(0.04)
    const viewer = swarm.add(A)
    swarm.hang(A, ROOT)
    swarm.play(80)
    const [known] = viewer.peer.facts().parents
    expect(known?.loss).toBeGreaterThan(0.01)
    swarm.add(B)
    swarm.hang(B, ROOT)
    swarm.connect(A, B, { role: 'backup', stripes: 0b10000 })
    swarm.clock.runFor(300)
    const fresh = viewer.peer.facts().parents.find(({ id }) => id === B)
    expect(fresh?.loss).toBeGreaterThan(0.01)
  })

  it('has HTTP bring what no path has room for, and asks nobody for it', () => {
    // 150 ms away and losing a tenth, a path carries 0.2 Mbit/s at the most.
    const swarm = lossySwarm(0.1, 75)
    const viewer = swarm.add(A)
    swarm.hang(A, ROOT)
    swarm.play(40)
    const before = { nacks: viewer.peer.facts().nacksSent, from: swarm.next }
    swarm.play(20)
    const [parent] = viewer.peer.facts().parents
    expect(parent?.stripes).not.toBe(ALL_STRIPES)
    expect(viewer.peer.facts().nacksSent - before.nacks).toBeLessThan(60)
    expectRun(viewer, before.from, before.from + 16)
    expect(viewer.fetches.filter(({ number }) => number >= before.from)).not.toEqual([])
  })

  it('asks a slow parent for half before it gives it up', () => {
    const { swarm, viewer } = diamond()
    swarm.play(8)
    const [, far] = swarm.linkOf(C, A)
    delayEverySecond(swarm, far, 1100)
    const wasRelieved = (): boolean =>
      viewer.peer.facts().parents.some(({ id, stripes }) => id === A && stripes !== 0 && stripes !== 0b01111)
    let isRelieved = false
    for (let count = 0; count < 60 && viewer.lost.length === 0; count++) {
      swarm.play(1)
      isRelieved ||= wasRelieved()
    }
    expect(isRelieved).toBe(true)
    expect(viewer.lost).toMatchObject([{ parent: A, why: 'slow' }])
    expect(viewer.fetches).toEqual([])
  })

  it('tells its children of a new place, not of a moment without any', () => {
    const { swarm, viewer } = diamond()
    const below = swarm.add(D)
    swarm.hang(D, C)
    swarm.play(4)
    swarm.get(A).peer.leave()
    swarm.get(B).peer.leave()
    swarm.play(2)
    expect(viewer.peer.facts().depth).toBeNull()
    expect(below.peer.facts().depth).toBe(3)
    swarm.connect(C, ROOT)
    swarm.play(2)
    expect(below.peer.facts().depth).toBe(2)
  })

  it('says what the cascade brings also where HTTP was first', () => {
    const swarm = new Swarm()
    swarm.root(ROOT)
    const viewer = swarm.add(A)
    swarm.hang(A, ROOT)
    swarm.clock.runFor(200)
    swarm.play(2)
    const key = `720p ${swarm.next}`
    viewer.peer.offer(madePart('720p', swarm.next))
    expect(viewer.parts.get(key)?.source).toBe('http')
    swarm.play(2)
    expect(viewer.parts.get(key)?.source).toBe('cascade')
    expect(viewer.parts.get(key)?.part.bytes).toEqual(madePart('720p', swarm.next - 2).bytes)
  })

  it('takes stripes back to a parent that was only quiet for a while', () => {
    const { swarm, viewer } = diamond()
    const [, far] = swarm.linkOf(C, A)
    far.freeze()
    swarm.clock.runFor(400)
    expect(viewer.peer.facts().parents).toMatchObject([
      { id: A, stripes: 0 },
      { id: B, stripes: 0b11111 },
    ])
    far.thaw()
    swarm.play(12)
    expect(viewer.peer.facts().parents).toMatchObject([
      { id: A, stripes: 0b01111 },
      { id: B, stripes: 0b10000 },
    ])
    expect(viewer.lost).toEqual([])
  })

  it("plays nothing that is not the origin's, passes it to nobody, and says who sent it", () => {
    const { swarm, viewer } = diamond()
    const below = swarm.add(D)
    swarm.hang(D, C)
    swarm.play(4)
    corrupt(swarm.linkOf(C, A)[1])
    const from = swarm.next
    swarm.play(12)
    expectRun(viewer, from, from + 11)
    expectRun(below, from, from + 11)
    for (const [key, { part }] of [...viewer.parts, ...below.parts])
      expect(Buffer.from(part.bytes).equals(partOf(key).bytes)).toBe(true)
    expect(viewer.lost).toMatchObject([{ parent: A, why: 'polluted' }])
    expect(viewer.proofs[0]).toMatchObject({ parent: A })
    expect(below.proofs).toEqual([])
    expect(below.lost).toEqual([])
  })
})

describe('a peer that is asked to be a parent', () => {
  it('lets nobody in without a token for that very link', () => {
    const swarm = new Swarm()
    swarm.root(ROOT)
    for (const [id, stolen] of [
      [A, swarm.tokenOf(B, swarm.fingerprint)], // somebody else's
      [C, swarm.tokenOf(C, FOREIGN)], // its own, shown over another link
      [D, new Uint8Array(7)],
    ] as const) {
      const thief = swarm.add(id)
      swarm.connect(id, ROOT, {}, stolen)
      swarm.play(3)
      expect(thief.lost).toMatchObject([{ parent: ROOT, why: 'denied' }])
      expect(thief.parts.size).toBe(0)
    }
  })

  it('takes no more children than it may', () => {
    const swarm = new Swarm()
    swarm.root(ROOT)
    swarm.add(A, { limits: { maxChildren: 1, uploadKbps: null } })
    swarm.hang(A, ROOT)
    const [first, second] = [swarm.add(B), swarm.add(C)]
    swarm.clock.runFor(100)
    swarm.play(1)
    swarm.hang(B, A)
    swarm.clock.runFor(100)
    swarm.hang(C, A)
    swarm.play(4)
    expect(first.lost).toEqual([])
    expect(second.lost).toMatchObject([{ parent: A, why: 'denied' }])
  })

  it("is nobody's child that hangs below it", () => {
    const swarm = new Swarm()
    swarm.root(ROOT)
    const a = swarm.add(A)
    swarm.add(B)
    swarm.hang(A, ROOT)
    swarm.clock.runFor(200)
    swarm.hang(B, A)
    swarm.play(2)
    swarm.connect(A, B, { role: 'backup', stripes: 0b10000 })
    swarm.play(4)
    expect(a.lost).toMatchObject([{ parent: B, why: 'denied' }])
    expect(numbers(a).length).toBeGreaterThan(4)
  })

  it('never queues without end for a child that cannot keep up, and lets it go', () => {
    const swarm = new Swarm()
    swarm.root(ROOT)
    swarm.add(A)
    swarm.link.rateKbps = 100
    swarm.hang(A, ROOT)
    swarm.clock.runFor(100)
    let most = 0
    for (let count = 0; count < 60; count++) {
      swarm.play(1)
      most = Math.max(most, swarm.linkOf(A, ROOT)[1].bufferedBytes)
    }
    expect(most).toBeGreaterThan(64 * 1024)
    expect(most).toBeLessThan(300 * 1024)
    expect(swarm.get(ROOT).peer.facts().children).toEqual([])
  })
})

function partOf(key: string): Part {
  const [track = '', number] = key.split(' ')
  return madePart(track, Number(number))
}

/** A root whose every link loses this share of its heartbeats, at the given distance. */
function lossySwarm(lossHeartbeat: number, delayMs = 20): Swarm {
  const swarm = new Swarm({ delayMs, lossHeartbeat, random: seededRandom(5).next })
  swarm.root(ROOT)
  return swarm
}

/** Half of what is pushed over this end comes so much later, and everything else as before. */
function delayEverySecond(swarm: Swarm, end: MemoryTransport, ms: number): void {
  const send = end.send.bind(end)
  let count = 0
  end.send = (on, message) => {
    if (on !== 'media' || count++ % 2 === 0) return send(on, message)
    swarm.clock.after(ms, () => send(on, message))
    return true
  }
}

/** What media leaves by this end comes so much later from now on. */
function delayFor(swarm: Swarm, end: MemoryTransport, ms: number): void {
  const send = end.send.bind(end)
  end.send = (on, message) => {
    if (on !== 'media') return send(on, message)
    swarm.clock.after(ms, () => send(on, message))
    return true
  }
}

/** Nothing more comes over this channel from this end. */
function silence(end: MemoryTransport, channel: Channel): void {
  const send = end.send.bind(end)
  end.send = (on, message) => on === channel || send(on, message)
}

/** Every chunk that leaves by this end has one wrong byte. */
function corrupt(end: MemoryTransport): void {
  const send = end.send.bind(end)
  end.send = (on, message) => {
    if (parseFrame(message).type !== 'data') return send(on, message)
    const bad = message.slice()
    bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1
    return send(on, bad)
  }
}
