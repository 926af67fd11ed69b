/** Encoders that die or hang while a program is on air: what comes out goes on as if nothing had been. */
import { afterEach, describe, expect, it } from 'vitest'
import { concatBytes } from '../../media/bytes.ts'
import type { Track } from '../../media/track.ts'
import type { Program } from '../../origin/program/program.ts'
import type { CreatedRoom } from '../../origin/room/registry.ts'
import { loadConfig } from '../../runtime/config.ts'
import { publishCounter, readCounters, type CounterPublisherOptions } from '../support/counter-picture.ts'
import { eventually } from '../support/eventually.ts'
import type { Publisher } from '../support/publisher.ts'
import { breaksOf, startOrigin, type RunningOrigin } from '../support/running-origin.ts'

const LIVE_LIMIT_MS = 60_000
/** Two segments before, and as many after: whatever breaks shows in them. */
const PARTS = 16
/** Wide: on a quiet machine it is 0.3 s for one that is killed and 1.1 s for one that hangs. */
const GAP_LIMIT_MS = 6000
const LADDER = {
  ...loadConfig({ env: {} }).ladder,
  renditions: [{ name: '180p', height: 180, bitrateKbps: 200 }],
  preset: 'ultrafast' as const,
}

const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(): Promise<{ server: RunningOrigin; created: CreatedRoom }> {
  const server = await startOrigin({ ladder: LADDER })
  closing.push(() => server.close())
  return { server, created: await server.createRoom() }
}

function publish(
  server: RunningOrigin,
  { streamKey }: CreatedRoom,
  options: Partial<CounterPublisherOptions> = {},
): Publisher {
  const publisher = publishCounter({ url: server.publishUrl(streamKey), ...options })
  closing.push(() => publisher.close())
  return publisher
}

async function untilLive(server: RunningOrigin, { room }: CreatedRoom): Promise<Program> {
  await eventually(() => server.origin.programs.facts(room.id).state === 'live', LIVE_LIMIT_MS)
  const program = server.origin.programs.program(room.id)
  if (!program) throw new Error('no program')
  await untilParts(program)
  return program
}

async function untilParts(program: Program, count = PARTS): Promise<void> {
  const from = program.packager.nextPart
  await eventually(() => program.packager.nextPart >= from + count, LIVE_LIMIT_MS)
}

/** Sends its encoder a signal, and says how long no part came after that. */
async function strike(server: RunningOrigin, program: Program, signal: NodeJS.Signals): Promise<number> {
  const [pid] = server.transcoder.encoderPids
  if (pid === undefined) throw new Error('no encoder')
  let last = performance.now()
  let longestMs = 0
  const stop = program.packager.onPublish(() => {
    longestMs = Math.max(longestMs, performance.now() - last)
    last = performance.now()
  })
  process.kill(pid, signal)
  await eventually(() => server.transcoder.encoderPids.some((each) => each !== pid), LIVE_LIMIT_MS)
  await untilParts(program)
  stop()
  expect(() => process.kill(pid, 0)).toThrow() // nothing of it is left
  return longestMs
}

function bytesOf(track: Track): Uint8Array {
  const parts = track.segments().flatMap(({ msn }) => track.findSegment(msn)?.parts ?? [])
  const { init } = track
  if (!init) throw new Error('no init segment')
  return concatBytes([init, ...parts.flatMap(({ bytes }) => bytes ?? [])])
}

/** Every frame that was sent is in every rendition, once and in order, and decodes. */
async function expectEveryFrame(program: Program): Promise<void> {
  for (const name of ['360p', '180p']) {
    const track = program.packager.find(name)?.track ?? expect.fail(name)
    const { counters, complaints } = await readCounters(bytesOf(track))
    expect(complaints).toBe('')
    expect(counters.length).toBeGreaterThan(PARTS * 7)
    const [first = 0] = counters
    expect(counters).toEqual(counters.map((_, index) => first + index))
  }
}

describe.each([
  ['is killed', 'SIGKILL'],
  ['hangs', 'SIGSTOP'],
] as [string, NodeJS.Signals][])('an encoder that %s', (_, signal) => {
  it('is followed by another at the next part: the same init, and no frame lost or shown twice', async () => {
    const { server, created } = await start()
    publish(server, created)
    const program = await untilLive(server, created)
    const inits = program.packager.tracks().map(({ track }) => track.init)
    const gapsMs = [await strike(server, program, signal), await strike(server, program, signal)]
    expect(Math.max(...gapsMs)).toBeLessThan(GAP_LIMIT_MS)
    expect(breaksOf(program)).toEqual([])
    expect(program.packager.tracks().map(({ track }) => track.init)).toEqual(inits)
    expect(program.state).toBe('live')
    await expectEveryFrame(program)
    if (process.env['HEADWATER_FIGURES']) console.info(signal, { gapsMs })
  })
})

const OTHERS: Partial<CounterPublisherOptions>[] = [
  { size: '480x360', fps: 25 },
  { size: '360x640', audioOptions: ['-c:a', 'aac', '-ar', '44100', '-ac', '1'] },
  { size: '854x480', fps: 60, videoOptions: ['-pix_fmt', 'yuv444p'] },
  { size: '320x180', videoOptions: ['-preset', 'veryfast', '-tune', 'film'] },
]

describe('a publisher that comes back with another picture, and an encoder that dies of it', () => {
  it('goes on in the same program, with the same init and without a break', async () => {
    const { server, created } = await start()
    let publisher = publish(server, created)
    const program = await untilLive(server, created)
    const inits = program.packager.tracks().map(({ track }) => track.init)
    for (const [index, other] of OTHERS.entries()) {
      await publisher.close()
      publisher = publish(server, created, other)
      await untilParts(program, 4)
      if (index % 2 === 0) await strike(server, program, 'SIGKILL')
      else await untilParts(program)
    }
    expect(server.origin.programs.program(created.room.id)).toBe(program)
    expect(breaksOf(program)).toEqual([])
    expect(program.packager.tracks().map(({ track }) => track.init)).toEqual(inits)
    for (const name of ['360p', '180p']) {
      const track = program.packager.find(name)?.track ?? expect.fail(name)
      expect((await readCounters(bytesOf(track))).complaints).toBe('')
    }
  })
})
