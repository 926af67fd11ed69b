import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { loadConfig } from '../../runtime/config.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { audioHeaderTag, metadataTag } from '../../tests/support/flv-tags.ts'
import { RtmpClient } from '../../tests/support/rtmp-client.ts'
import { startOrigin, type RunningOrigin } from '../../tests/support/running-origin.ts'
import { frameTimeMs, SILENT_FRAME } from './audio-track.ts'
import { HOLD_LIMIT_MS, HOLD_MS } from './second-publisher.ts'

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

it('an encoder that was lost, and tries again after the stream was ended, is told so', async () => {
  running = await startOrigin()
  const { origin } = running
  const { room, streamKey, standbyKey } = await running.createRoom()
  const client = await RtmpClient.publisher(origin.rtmp.port, streamKey)
  talk(client)
  await eventually(() => origin.programs.facts(room.id).state === 'live')
  client.end()
  await eventually(() => origin.programs.facts(room.id).state === 'interrupted')
  await origin.programs.end(room.id)
  await expect(RtmpClient.publisher(origin.rtmp.port, streamKey)).rejects.toThrow(
    /ended in the studio.* in \d+ s/,
  )
  expect(origin.programs.facts(room.id).state).toBe('ended')
  // Nobody was lost by that key.
  await RtmpClient.publisher(origin.rtmp.port, standbyKey)
  expect(origin.programs.facts(room.id).state).toBe('starting')
})

it('an encoder that said goodbye before the stream was ended begins another one when it comes', async () => {
  running = await startOrigin()
  const { origin } = running
  const { room, streamKey } = await running.createRoom()
  const client = await RtmpClient.publisher(origin.rtmp.port, streamKey)
  talk(client)
  await eventually(() => origin.programs.facts(room.id).state === 'live')
  client.command('FCUnpublish', 6, [null, streamKey])
  client.command('deleteStream', 7, [null, 1])
  await eventually(() => origin.programs.facts(room.id).state === 'interrupted')
  await origin.programs.end(room.id)
  await RtmpClient.publisher(origin.rtmp.port, streamKey)
  expect(origin.programs.facts(room.id).state).toBe('starting')
})

it('a newcomer with the key of one that sends is refused, in time', async () => {
  running = await startOrigin()
  const { origin } = running
  const { room, streamKey } = await running.createRoom()
  talk(await RtmpClient.publisher(origin.rtmp.port, streamKey))
  await eventually(() => origin.programs.facts(room.id).state === 'live')
  const sinceMs = performance.now()
  await expect(RtmpClient.publisher(origin.rtmp.port, streamKey)).rejects.toThrow('live already')
  const tookMs = performance.now() - sinceMs
  expect(tookMs).toBeGreaterThanOrEqual(HOLD_MS)
  expect(tookMs).toBeLessThan(HOLD_LIMIT_MS)
  expect(origin.programs.facts(room.id).state).toBe('live')
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

it('a program whose window ran out while there was no origin has ended when there is one again', async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'headwater-'))
  running = await startOrigin({ dataDir })
  const { room, streamKey } = await running.createRoom()
  talk(await RtmpClient.publisher(running.origin.rtmp.port, streamKey))
  await eventually(() => running?.origin.programs.facts(room.id).state === 'live')
  const id = running.origin.programs.program(room.id)?.id
  await running.close()
  vi.useFakeTimers({
    toFake: ['Date'],
    now: Date.now() + loadConfig({ env: {} }).reconnectWindowSeconds * 1000,
  })
  running = await startOrigin({ dataDir })
  expect(running.origin.programs.facts(room.id)).toMatchObject({ state: 'ended', programId: id })
  const playlist = await running.ask(`/live/${room.id}/${id}/audio/index.m3u8`)
  expect(await playlist.text()).toContain('#EXT-X-ENDLIST')
  await running.close()
  running = await startOrigin({ dataDir })
  expect(running.origin.programs.facts(room.id).state).toBe('idle')
  await rm(dataDir, { recursive: true })
})
