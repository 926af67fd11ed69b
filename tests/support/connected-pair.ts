/** Two DataChannel transports joined in one process; signalling is a function call, so that a test can stand in between. */
import type { Connection, Signal } from '../../edge/datachannel/connection.ts'
import type { DataChannelStack } from '../../edge/datachannel/stack.ts'
import type { Transport } from '../../cascade/transport.ts'

export type Side = 'offerer' | 'answerer'

export interface PairOptions {
  offerer: DataChannelStack
  answerer: DataChannelStack
  /** Changes or drops (null) what one side sends the other. */
  carry?: (signal: Signal, from: Side) => Signal | null
  /** The connections in the making. */
  onStarted?: (ends: Record<Side, Connection>) => void
}

/** Resolves when both ends are open. */
export function connectPair(options: PairOptions): Promise<[Transport, Transport]> {
  const { carry = (signal) => signal, onStarted } = options
  return new Promise((resolve, reject) => {
    const ends: Partial<Record<Side, Connection>> = {}
    const transports: Partial<Record<Side, Transport>> = {}
    const fail = (side: Side, why: string): void => {
      for (const end of Object.values(ends)) end.close()
      reject(new Error(`${side}: ${why}`))
    }
    for (const side of ['answerer', 'offerer'] as const) {
      const other = side === 'offerer' ? 'answerer' : 'offerer'
      const connection = options[side].connect({
        side,
        iceServers: [],
        onSignal: (signal) => {
          const carried = carry(signal, side)
          if (carried !== null) ends[other]?.signal(carried)
        },
        onOpen: (transport) => {
          transports[side] = transport
          const { offerer, answerer } = transports
          if (offerer !== undefined && answerer !== undefined) resolve([offerer, answerer])
        },
        onFailed: (why) => fail(side, why),
      })
      if (connection === null) return fail(side, 'the stack is at its limit')
      ends[side] = connection
    }
    const { offerer, answerer } = ends
    if (offerer !== undefined && answerer !== undefined) onStarted?.({ offerer, answerer })
  })
}
