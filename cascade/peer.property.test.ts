import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyFrame } from '../tests/support/arbitrary-frame.ts'
import { madePart, Swarm } from '../tests/support/swarm.ts'
import { encodeFrame } from './frame/codec.ts'
import { memoryPair } from './memory-transport.ts'
import { CHANNELS } from './transport.ts'

const ROOT = '00000000000000aa'
const A = '00000000000000a1'
const B = '00000000000000b1'
const EVIL = '00000000000000ee'

const message = fc.oneof(
  anyFrame.map((frame) => encodeFrame(frame)),
  fc.uint8Array({ maxLength: 64 }),
)
const said = fc.record({ channel: fc.constantFrom(...CHANNELS), message, afterMs: fc.nat(80) })

describe('whatever a parent or a child says', () => {
  it('harms neither the peer nor those around it', () => {
    fc.assert(
      fc.property(fc.array(said, { maxLength: 60 }), fc.boolean(), (words, isChild) => {
        const swarm = new Swarm()
        swarm.root(ROOT)
        const victim = swarm.add(A)
        const below = swarm.add(B)
        swarm.hang(A, ROOT)
        swarm.clock.runFor(150)
        swarm.hang(B, A)
        swarm.play(2)
        const [mine, evil] = memoryPair(swarm.clock, { delayMs: 5 })
        if (isChild) victim.peer.addChild(EVIL, mine)
        else victim.peer.addParent({ id: EVIL, role: 'backup', stripes: 0b10000 }, mine)
        const from = swarm.next
        for (const { channel, message: bytes, afterMs } of words) {
          evil.send(channel, bytes)
          swarm.clock.runFor(afterMs)
        }
        swarm.play(16)
        for (const member of [victim, below]) {
          for (const [key, { part }] of member.parts) {
            const [track = '', number] = key.split(' ')
            expect(Buffer.from(part.bytes).equals(madePart(track, Number(number)).bytes)).toBe(true)
          }
          for (const track of ['720p', 'audio'])
            for (let k = from; k < swarm.next - 2; k++) expect(member.parts.has(`${track} ${k}`)).toBe(true)
        }
        swarm.close()
      }),
      { numRuns: 30 },
    )
  })
})
