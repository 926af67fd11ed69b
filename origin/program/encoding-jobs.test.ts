import { afterEach, describe, expect, it, vi } from 'vitest'
import { captureLog } from '../../tests/support/log-lines.ts'
import { SIGNATURE_BYTES } from '../../media/part.ts'
import { Metrics } from '../../runtime/metrics.ts'
import { MemoryStore } from '../../runtime/store/memory.ts'
import { EncodingJobs, JOBS_KEY } from './encoding-jobs.ts'
import type { EncodingPlan } from './encoding-plan.ts'
import { Program } from './program.ts'

const PLAN: EncodingPlan = {
  fps: 30,
  source: { width: 640, height: 360 },
  renditions: [{ name: '360p', width: 640, height: 360, fps: 30, bitrateKbps: 400 }],
  notices: [],
}

function createProgram(): Program {
  return new Program({
    id: 'p1a2b3c4',
    roomId: 'room',
    limits: { maxBitrateKbps: 20_000, firstKeyframeTimeoutMs: 10_000, audioBitrateKbps: 128 },
    windowSeconds: 60,
    settings: () => ({ slateAfterMs: null, reconnectWindowMs: 1000 }),
    slate: null,
    every: () => () => {},
    sign: () => new Uint8Array(SIGNATURE_BYTES),
    logger: captureLog().logger,
    onEncodingNeeded: () => {},
    onChange: () => {},
    onRefused: () => {},
  })
}

async function openJob(
  isOrigin = true,
): Promise<{ jobs: EncodingJobs; program: Program; store: MemoryStore }> {
  const store = new MemoryStore()
  const { logger } = captureLog()
  const jobs = new EncodingJobs({ store, logger, metrics: new Metrics(), isOrigin: () => isOrigin })
  const program = createProgram()
  await jobs.open(program)
  return { jobs, program, store }
}

afterEach(() => void vi.useRealTimers())

describe('an encoding job', () => {
  it('is announced while its program lives', async () => {
    const { jobs, program, store } = await openJob()
    expect(Object.keys(await store.hashAll(JOBS_KEY))).toEqual([program.id])
    await jobs.close(program.id)
    expect(await store.hashAll(JOBS_KEY)).toEqual({})
    expect(() => jobs.get(program.id)).toThrow(expect.objectContaining({ code: 'job_not_found' }))
  })

  it.each([true, false])(
    'takes out what the store has of others only where the store is its own: %s',
    async (isOrigin) => {
      vi.useFakeTimers()
      const { jobs, program, store } = await openJob(isOrigin)
      await store.hashSet(JOBS_KEY, 'of-another', '{}')
      jobs.startAnnouncing()
      await vi.advanceTimersByTimeAsync(3500)
      jobs.stopAnnouncing()
      const announced = Object.keys(await store.hashAll(JOBS_KEY))
      expect(announced).toEqual(isOrigin ? [program.id] : [program.id, 'of-another'])
      await jobs.close(program.id)
    },
  )

  it('tells an encoder the first part that is not published', async () => {
    const { jobs, program } = await openJob()
    expect(jobs.start(program.id, 1, PLAN).firstPart).toBe(program.packager.nextPart)
    expect(program.packager.tracks().map(({ track }) => track.name)).toEqual(['audio', '360p'])
  })

  it('has one encoder: a newer one ends the intake of the one before', async () => {
    const { jobs, program } = await openJob()
    const first = jobs.start(program.id, 1, PLAN)
    const { encoder } = jobs.authorise(program.id, first.intakeToken)
    const second = jobs.start(program.id, 1, PLAN)
    expect(encoder.abort.signal.aborted).toBe(true)
    expect(() => jobs.authorise(program.id, first.intakeToken)).toThrow(
      expect.objectContaining({ code: 'unauthorized' }),
    )
    expect(jobs.authorise(program.id, second.intakeToken).program).toBe(program)
  })

  it('is not given back to a transcoder whose lease is over', async () => {
    const { jobs, program } = await openJob()
    jobs.start(program.id, 7, PLAN)
    expect(() => jobs.start(program.id, 6, PLAN)).toThrow(expect.objectContaining({ code: 'job_taken' }))
  })

  it('cuts the feed of one that is behind, and gives it no other', async () => {
    const { jobs, program } = await openJob()
    const cut: number[] = []
    jobs.feeding(program.id, 6, () => cut.push(6))
    jobs.feeding(program.id, 7, () => cut.push(7))
    jobs.start(program.id, 7, PLAN)
    expect(cut).toEqual([6])
    expect(() => jobs.feeding(program.id, 6, () => {})).toThrow(
      expect.objectContaining({ code: 'job_taken' }),
    )
    await jobs.close(program.id)
  })

  it('lets go of an encoder that hangs: its intake ends and its feed breaks off', async () => {
    vi.useFakeTimers()
    const { jobs, program } = await openJob()
    const cut: number[] = []
    jobs.feeding(program.id, 1, () => cut.push(1))
    const { intakeToken } = jobs.start(program.id, 1, PLAN)
    const { encoder } = jobs.authorise(program.id, intakeToken)
    const place = (timestampMs: number): void =>
      program.output.video(
        { type: 'video', timestampMs, data: Uint8Array.of(0x27, 1, 0, 0, 0) },
        timestampMs,
        false,
      )
    for (let timeMs = 10_000; timeMs < 15_000; timeMs += 100) {
      place(timeMs)
      encoder.watch.brought('360p', timeMs)
      vi.advanceTimersByTime(100)
    }
    expect(encoder.abort.signal.aborted).toBe(false)
    for (let timeMs = 15_000; timeMs < 45_000; timeMs += 100) {
      place(timeMs)
      vi.advanceTimersByTime(100)
    }
    expect(encoder.abort.signal.aborted).toBe(true)
    expect(cut).toEqual([1])
    await jobs.close(program.id)
    expect(vi.getTimerCount()).toBe(0)
    program.close()
  })

  it('has its streamer told what its transcoder says', async () => {
    const { jobs, program } = await openJob()
    const notice = { code: 'preset_lowered', message: 'ultrafast instead of veryfast' }
    program.connect('obs')
    jobs.start(program.id, 1, { ...PLAN, notices: [notice] })
    expect(program.facts().source?.warnings).toContainEqual(notice)
    program.close()
  })

  it('ends its encoder’s intake with its program', async () => {
    const { jobs, program } = await openJob()
    const { encoder } = jobs.authorise(program.id, jobs.start(program.id, 1, PLAN).intakeToken)
    await jobs.close(program.id)
    expect(encoder.abort.signal.aborted).toBe(true)
  })
})
