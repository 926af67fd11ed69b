import { describe, expect, it } from 'vitest'
import { captureLog } from '../../tests/support/log-lines.ts'
import { SIGNATURE_BYTES } from '../../media/part.ts'
import { MemoryStore } from '../../runtime/store/memory.ts'
import { EncodingJobs, JOBS_KEY } from './encoding-jobs.ts'
import { Program, type EncodingPlan } from './program.ts'

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
    reconnectWindowMs: 1000,
    sign: () => new Uint8Array(SIGNATURE_BYTES),
    logger: captureLog().logger,
    onEncodingNeeded: () => {},
    onChange: () => {},
    onRefused: () => {},
  })
}

async function openJob(): Promise<{ jobs: EncodingJobs; program: Program; store: MemoryStore }> {
  const store = new MemoryStore()
  const jobs = new EncodingJobs(store)
  const program = createProgram()
  await jobs.open(program)
  return { jobs, program, store }
}

describe('an encoding job', () => {
  it('is announced while its program lives', async () => {
    const { jobs, program, store } = await openJob()
    expect(Object.keys(await store.hashAll(JOBS_KEY))).toEqual([program.id])
    await jobs.close(program.id)
    expect(await store.hashAll(JOBS_KEY)).toEqual({})
    expect(() => jobs.get(program.id)).toThrow(expect.objectContaining({ code: 'job_not_found' }))
  })

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

  it('has its streamer told what its transcoder says', async () => {
    const { jobs, program } = await openJob()
    const notice = { code: 'preset_lowered', message: 'ultrafast instead of veryfast' }
    program.attach()
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
