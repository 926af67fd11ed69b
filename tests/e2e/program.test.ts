/** What a program lives through: encoders and publishers that die, come back, are refused, and end on purpose. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Program } from '../../origin/program/program.ts'
import type { CreatedRoom } from '../../origin/room/registry.ts'
import { eventually } from '../support/eventually.ts'
import { publishFlashes, type Publisher, type PublisherOptions } from '../support/publisher.ts'
import { RtmpClient } from '../support/rtmp-client.ts'
import { breaksOf, startOrigin, type RunningOrigin } from '../support/running-origin.ts'

const LIVE_LIMIT_MS = 60_000
/** Two segments: whatever breaks shows in them. */
const PARTS = 16

const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(
  ...args: Parameters<typeof startOrigin>
): Promise<{ server: RunningOrigin; created: CreatedRoom }> {
  const server = await startOrigin(...args)
  closing.push(() => server.close())
  return { server, created: await server.createRoom() }
}

function publish(server: RunningOrigin, key: string, options: Partial<PublisherOptions> = {}): Publisher {
  const publisher = publishFlashes({ url: server.publishUrl(key), ...options })
  closing.push(() => publisher.close())
  return publisher
}

function programOf(server: RunningOrigin, { room }: CreatedRoom): Program {
  const program = server.origin.programs.program(room.id)
  if (!program) throw new Error('no program')
  return program
}

async function untilState(server: RunningOrigin, { room }: CreatedRoom, state: string): Promise<void> {
  await eventually(() => server.origin.programs.facts(room.id).state === state, LIVE_LIMIT_MS)
}

/** Resolves when so many more parts are out. */
async function untilParts(program: Program, count = PARTS): Promise<void> {
  const from = program.packager.nextPart
  await eventually(() => program.packager.nextPart >= from + count, LIVE_LIMIT_MS)
}

/** `count`: how many parts there are to be by then. */
async function untilLive(server: RunningOrigin, created: CreatedRoom, count = 1): Promise<Program> {
  await untilState(server, created, 'live')
  const program = programOf(server, created)
  await untilParts(program, count)
  return program
}

describe('an encoder that is killed', () => {
  it('is followed by another that goes on at the next part: no gap, no overlap, the same init', async () => {
    const { server, created } = await start()
    publish(server, created.streamKey)
    const program = await untilLive(server, created)
    const inits = program.packager.tracks().map(({ track }) => track.init)
    for (let times = 0; times < 3; times++) {
      const [pid] = server.transcoder.encoderPids
      const killedAt = program.packager.nextPart
      if (pid !== undefined) process.kill(pid, 'SIGKILL')
      await eventually(() => program.packager.nextPart > killedAt + 2, LIVE_LIMIT_MS)
      await eventually(() => server.transcoder.encoderPids.some((each) => each !== pid), LIVE_LIMIT_MS)
      await untilParts(program)
    }
    expect(breaksOf(program)).toEqual([])
    expect(program.packager.tracks().map(({ track }) => track.init)).toEqual(inits)
    expect(program.state).toBe('live')
    const keyframes = program.packager
      .find('360p')
      ?.track.segments()
      .filter(({ gap }) => gap !== true) // before the first part of all there is nothing to decode
      .map(({ parts }) => parts[0]?.independent)
    expect(keyframes?.every(Boolean)).toBe(true)
  })
})

describe('a publisher', () => {
  it('that comes back within the window goes on with the same program and the next part', async () => {
    const { server, created } = await start()
    const first = publish(server, created.streamKey)
    const program = await untilLive(server, created)
    await first.close()
    await untilState(server, created, 'interrupted')
    publish(server, created.streamKey, {
      size: '854x480',
      fps: '25',
      audioOptions: ['-c:a', 'aac', '-ar', '44100', '-ac', '1'],
    })
    await untilState(server, created, 'live')
    await untilParts(program)
    expect(programOf(server, created)).toBe(program)
    expect(breaksOf(program)).toEqual([])
  })

  it('that does not come back within the window has ended its program', async () => {
    const { server, created } = await start({ reconnectWindowSeconds: 1 })
    const first = publish(server, created.streamKey)
    const program = await untilLive(server, created)
    await first.close()
    await untilState(server, created, 'ended')
    expect(program.packager.tracks().every(({ track }) => track.ended)).toBe(true)
    publish(server, created.streamKey)
    await untilState(server, created, 'live')
    expect(programOf(server, created)).not.toBe(program)
  })

  it('with the key of one that sends is refused, and does not touch its picture', async () => {
    const { server, created } = await start()
    publish(server, created.streamKey)
    const program = await untilLive(server, created)
    const second = publish(server, created.streamKey, { size: '320x180' })
    expect(await second.exited).not.toBe(0)
    await untilParts(program)
    expect(program.interruptions).toBe(0)
    expect(breaksOf(program)).toEqual([])
  })

  it('with the key of one that is silent takes over at once', async () => {
    const { server, created } = await start()
    const first = publish(server, created.streamKey)
    const program = await untilLive(server, created)
    first.child.kill('SIGSTOP')
    const from = program.packager.nextPart
    publish(server, created.streamKey)
    await eventually(() => program.packager.nextPart > from + PARTS, LIVE_LIMIT_MS)
    expect(programOf(server, created)).toBe(program)
    expect(breaksOf(program)).toEqual([])
  })

  it('with a wrong key fails at once, and nothing of it is anywhere', async () => {
    const { server, created } = await start()
    const wrong = publish(server, `${created.room.id}_${'0'.repeat(32)}`)
    expect(await wrong.exited).not.toBe(0)
    expect(wrong.output).toContain('wrong stream key')
    expect(server.origin.programs.programs()).toEqual([])
    expect(server.log.text()).not.toContain('0'.repeat(32))
  })
})

describe('a room', () => {
  it('that is ended on purpose has an end in its playlists, and no publisher or encoder left', async () => {
    const { server, created } = await start()
    const publisher = publish(server, created.streamKey)
    const program = await untilLive(server, created)
    await server.origin.programs.end(created.room.id)
    expect(program.state).toBe('ended')
    expect(program.interruptions).toBe(0)
    expect(program.packager.tracks().every(({ track }) => track.ended)).toBe(true)
    expect(await publisher.exited).not.toBeNull()
    await eventually(() => server.transcoder.encoderPids.length === 0)
  })

  it('that is ended ends its FLV, and begins no other', async () => {
    const { server, created } = await start()
    publish(server, created.streamKey)
    await untilLive(server, created)
    const addresses = ['source', 'audio'].map((name) => `/live/${created.room.id}/${name}.flv`)
    const open = await Promise.all(addresses.map((address) => server.ask(address)))
    expect(open.map(({ status }) => status)).toEqual([200, 200])
    await server.origin.programs.end(created.room.id)
    await Promise.all(open.map((answer) => answer.arrayBuffer()))
    const late = await Promise.all(addresses.map((address) => server.ask(address)))
    expect(late.map(({ status }) => status)).toEqual([404, 404])
  })

  it('that is entered while it is being ended begins another program', async () => {
    const { server, created } = await start()
    const publisher = publish(server, created.streamKey)
    const program = await untilLive(server, created)
    await publisher.close('SIGINT') // it says goodbye: who comes then was started by hand
    await untilState(server, created, 'interrupted')
    const ending = server.origin.programs.end(created.room.id)
    const next = await RtmpClient.publisher(server.origin.rtmp.port, created.streamKey)
    await ending
    expect(programOf(server, created)).not.toBe(program)
    expect(program.state).toBe('ended')
    expect(next.isClosed).toBe(false)
    next.end()
  })

  it('that was ended tells its encoder so when that reconnects by itself', async () => {
    const { server, created } = await start()
    publish(server, created.streamKey)
    await untilLive(server, created)
    await server.origin.programs.end(created.room.id)
    await expect(RtmpClient.publisher(server.origin.rtmp.port, created.streamKey)).rejects.toThrow(
      'ended in the studio',
    )
    expect(server.origin.programs.facts(created.room.id).state).toBe('ended')
  })

  it('that is deleted is gone, with its publisher and its encoder', async () => {
    const { server, created } = await start()
    const publisher = publish(server, created.streamKey)
    await untilLive(server, created)
    await server.origin.rooms.delete(created.room.id)
    expect(await publisher.exited).not.toBe(0)
    await eventually(
      () => server.origin.programs.programs().length === 0 && server.transcoder.encoderPids.length === 0,
    )
  })

  it('keeps its publisher when its key is rotated; the old key opens nothing more', async () => {
    const { server, created } = await start()
    publish(server, created.streamKey)
    const program = await untilLive(server, created)
    await server.origin.rooms.rotateKey(created.room.id)
    await untilParts(program)
    await expect(RtmpClient.publisher(server.origin.rtmp.port, created.streamKey)).rejects.toThrow('BadName')
    expect(program.interruptions).toBe(0)
  })
})
