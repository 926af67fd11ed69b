import { describe, expect, it } from 'vitest'
import { rootClientMessage, rootServerMessage } from './root-messages.ts'

const swarm = { room: 'k3v9x0q2ab', program: '7c2e91f0a4', rendition: '720p', peer_id: '00112233aabbccdd' }

describe('messages between an edge and the coordinator', () => {
  it('takes a hello without swarms as one of an edge that has none open', () => {
    const hello = rootClientMessage.parse({ type: 'root-hello', node: 'edge-1', capacity: 60 })
    expect(hello).toMatchObject({ swarms: [] })
  })

  it('refuses names that could be anything else', () => {
    for (const change of [{ room: '../x' }, { program: 'A' }, { rendition: '720p/' }, { peer_id: 'root' }]) {
      const stats = { type: 'root-failed', ...swarm, ...change, reason: 'failed' }
      expect(rootClientMessage.safeParse(stats).success).toBe(false)
    }
  })

  it('carries signals with both ends named', () => {
    const signal = {
      type: 'cascade-signal',
      room: swarm.room,
      kind: 'offer',
      sdp: 'v=0',
      from: swarm.peer_id,
    }
    expect(rootServerMessage.safeParse(signal).success).toBe(false)
    expect(rootServerMessage.safeParse({ ...signal, to: '0000000000000001' }).success).toBe(true)
  })
})
