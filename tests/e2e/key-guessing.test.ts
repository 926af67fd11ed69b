/** Wrong stream keys over RTMP: many of them change nothing for the room they are meant for. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createStreamKey } from '../../origin/room/keys.ts'
import { RtmpClient } from '../support/rtmp-client.ts'
import { startOrigin, type RunningOrigin } from '../support/running-origin.ts'

let server: RunningOrigin

beforeEach(async () => {
  server = await startOrigin()
})
afterEach(() => server.close())

it('stops looking at the keys of an address that only guesses, and changes nothing', async () => {
  const { room, streamKey } = await server.createRoom()
  const refusals: string[] = []
  for (let i = 0; i < 50; i++) refusals.push(await refusalOf(createStreamKey(room.id)))
  expect(refusals.filter((each) => each.includes('copy it from the studio'))).toHaveLength(20)
  expect(refusals.filter((each) => each.includes('too many wrong stream keys'))).toHaveLength(30)
  expect(await refusalOf(streamKey)).toContain('too many wrong stream keys')
  expect(server.origin.programs.facts(room.id).state).toBe('idle')
  expect(server.log.text()).not.toContain(streamKey.slice(-24))
})

it('lets a publisher back in whose address others guess from', async () => {
  const { room, streamKey, standbyKey } = await server.createRoom()
  const publisher = await RtmpClient.publisher(server.origin.rtmp.port, streamKey)
  for (let i = 0; i < 50; i++) await refusalOf(createStreamKey(room.id))
  publisher.socket.destroy()
  const standby = await RtmpClient.publisher(server.origin.rtmp.port, standbyKey)
  expect(standby.status?.code).toBe('NetStream.Publish.Start')
  standby.socket.destroy()
})

async function refusalOf(key: string): Promise<string> {
  return RtmpClient.publisher(server.origin.rtmp.port, key).then(
    (client) => {
      client.socket.destroy()
      return 'accepted'
    },
    (error: Error) => error.message,
  )
}
