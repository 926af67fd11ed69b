/** Encoders that die or hang while a program is on air: what comes out goes on as if nothing had been. */
import { afterEach, describe, expect, it } from 'vitest'
import { concatBytes } from '../../media/bytes.ts'
import type { Track } from '../../media/track.ts'
import type { Program } from '../../origin/program/program.ts'
import type { CreatedRoom } from '../../origin/room/registry.ts'
import { loadConfig } from '../../runtime/config.ts'
import { publishCounter, readCounters } from '../support/counter-picture.ts'
import { eventually } from '../support/eventually.ts'
import { breaksOf, startOrigin, type RunningOrigin } from '../support/running-origin.ts'

const LIVE_LIMIT_MS = 30_000
/** Four segments before, and as many after: whatever breaks shows in them. */
const PARTS = 32
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
  const created = await server.createRoom()
  const publisher = publishCounter({ url: server.publishUrl(created.streamKey) })
  closing.push(() => publisher.close())
  return { server, created }
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
