import { afterEach, expect, it, vi } from 'vitest'
import { eventually } from '../../tests/support/eventually.ts'
import { audioHeaderTag, metadataTag } from '../../tests/support/flv-tags.ts'
import { RtmpClient } from '../../tests/support/rtmp-client.ts'
import { startOrigin, type RunningOrigin } from '../../tests/support/running-origin.ts'
import { frameTimeMs, SILENT_FRAME } from './audio-track.ts'

let running: RunningOrigin | null = null
const talkers: NodeJS.Timeout[] = []

afterEach(async () => {
  vi.useRealTimers()
  for (const talker of talkers.splice(0)) clearInterval(talker)
  await running?.close()
  running = null
})

/** Sends sound as fast as time goes by; `isMoving` false: the same moment over and over. */
function talk(client: RtmpClient): { isMoving: boolean } {
  const how = { isMoving: true }
  client.media(metadataTag({ audiocodecid: 10 }))
  client.media(audioHeaderTag())
  const beganAt = performance.now()
  let frame = 0
  const say = (): void => {
    const data = Uint8Array.of(0xaf, 1, ...SILENT_FRAME)
    client.media({ type: 'audio', timestampMs: Math.round(frameTimeMs(frame)), data })
  }
  const talker = setInterval(() => {
    if (!how.isMoving) return say()
    for (; frameTimeMs(frame) < performance.now() - beganAt; frame++) say()
  }, 20)
  talkers.push(talker)
  return how
}

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

it('a publisher that still sends when its program has ended without it is let go, and begins another', async () => {
  running = await startOrigin({ reconnectWindowSeconds: 0 })
  const { origin } = running
  const { room, streamKey } = await running.createRoom()
  const client = await RtmpClient.publisher(origin.rtmp.port, streamKey)
  const how = talk(client)
  await eventually(() => origin.programs.facts(room.id).state === 'live')
  const before = origin.programs.program(room.id)?.id
  how.isMoving = false
  await eventually(() => origin.programs.facts(room.id).state === 'ended')
  await client.closed()
  talk(await RtmpClient.publisher(origin.rtmp.port, streamKey))
  await eventually(() => origin.programs.facts(room.id).state === 'live')
  expect(origin.programs.program(room.id)?.id).not.toBe(before)
})

it('a program goes on whatever the clock of the machine does', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  running = await startOrigin()
  const { origin } = running
  const { room, streamKey } = await running.createRoom()
  talk(await RtmpClient.publisher(origin.rtmp.port, streamKey))
  await eventually(() => origin.programs.facts(room.id).state === 'live')
  vi.setSystemTime(Date.now() - 3_600_000)
  const packager = origin.programs.program(room.id)?.packager
  const next = packager?.nextPart ?? 0
  await eventually(() => (packager?.nextPart ?? 0) > next + 8)
})

it('a newcomer that waits for its turn is refused when the stream is ended meanwhile', async () => {
  running = await startOrigin()
  const { origin } = running
  const { room, streamKey } = await running.createRoom()
  talk(await RtmpClient.publisher(origin.rtmp.port, streamKey))
  await eventually(() => origin.programs.facts(room.id).state === 'live')
  const newcomer = await RtmpClient.ready(origin.rtmp.port)
  newcomer.publish(streamKey)
  await RtmpClient.ready(origin.rtmp.port) // by then it is heard
  await origin.programs.end(room.id)
  await newcomer.closed()
  expect(newcomer.status?.description).toContain('ended in the studio')
  expect(origin.programs.facts(room.id).state).toBe('ended')
})
