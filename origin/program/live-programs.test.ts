import { afterEach, expect, it } from 'vitest'
import { eventually } from '../../tests/support/eventually.ts'
import { RtmpClient } from '../../tests/support/rtmp-client.ts'
import { startOrigin, type RunningOrigin } from '../../tests/support/running-origin.ts'

let running: RunningOrigin | null = null

afterEach(async () => {
  await running?.close()
  running = null
})

it('a publisher that leaves before any media leaves the room as it was, and is told of as nothing', async () => {
  running = await startOrigin()
  const { origin } = running
  const { room, streamKey } = await running.createRoom()
  const told: string[] = []
  origin.programs.onChange((_, { state }) => void told.push(state))
  const client = await RtmpClient.publisher(origin.rtmp.port, streamKey)
  expect(origin.programs.facts(room.id).state).toBe('starting')
  client.end()
  await eventually(() => origin.programs.facts(room.id).state === 'idle')
  expect(new Set(told)).toEqual(new Set(['starting', 'idle']))
  expect(origin.programs.program(room.id)).toBeUndefined()
})
