import { afterEach, describe, expect, it } from 'vitest'
import { FRAME_MS, GOP_FRAMES, ProgramStage, type StageOptions } from '../../tests/support/program-stage.ts'
import { SLATE_AFTER_MS } from './slate-delay.ts'
import { SILENT_AFTER_MS } from './source-health.ts'
import { WINDOW_AFTER_STOP_MS } from './stand-in.ts'

const stages: ProgramStage[] = []

function open(options?: StageOptions): ProgramStage {
  const stage = new ProgramStage(options)
  stages.push(stage)
  return stage
}

afterEach(() => {
  for (const { program } of stages.splice(0)) program.close()
})

/** Between one picture and the next as they are shown, as far as none is still to come between them. */
function stepsOf({ frames }: ProgramStage): number[] {
  const untilMs = frames.at(-1)?.dtsMs ?? 0
  const times = frames.map(({ ptsMs }) => ptsMs).filter((ptsMs) => ptsMs <= untilMs)
  const shown = times.toSorted((a, b) => a - b)
  return shown.slice(1).map((ptsMs, index) => ptsMs - (shown[index] ?? 0))
}

function switchesOf(stage: ProgramStage): string[] {
  return stage.switches.map(({ from, to, reason }) => `${from} > ${to}: ${reason}`)
}

describe('a publisher that is lost', () => {
  it('and is back before the slate leaves no hole on the timeline, and no slate', async () => {
    const stage = open()
    const first = stage.connect('obs')
    await stage.run(4000, first)
    first.leave()
    await stage.run(3000)
    expect(stage.program.state).toBe('interrupted')
    const second = stage.connect('obs', { startMs: 900_000 })
    await stage.run(4000, second)
    expect(stage.program.state).toBe('live')
    expect(Math.max(...stepsOf(stage))).toBeLessThanOrEqual(FRAME_MS)
    expect(stage.frames.some(({ session }) => session === 0)).toBe(false)
    expect(stage.program.interruptions).toBe(1)
  })

  it('and stays away has the slate after four seconds, until it is back: at its first keyframe', async () => {
    const stage = open()
    const first = stage.connect('obs')
    await stage.run(4000, first)
    const lostAtMs = stage.nowMs
    first.leave()
    await stage.run(20_000)
    const slate = stage.frames.filter(({ session }) => session === 0)
    expect((slate[0]?.atMs ?? 0) - lostAtMs).toBeGreaterThanOrEqual(SLATE_AFTER_MS)
    expect((slate[0]?.atMs ?? 0) - lostAtMs).toBeLessThan(SLATE_AFTER_MS + 3 * FRAME_MS)
    expect(stage.program.facts()).toMatchObject({
      state: 'interrupted',
      interruptedAtMs: lostAtMs,
      sources: [{ kind: 'slate', active: true }],
    })
    const second = stage.connect('obs')
    await stage.run(FRAME_MS, second)
    expect(stage.frames.at(-1)).toMatchObject({ session: 2, keyframe: true })
    await stage.run(2000, second)
    expect(stage.headers).toEqual([1, 0, 2])
    expect(Math.max(...stepsOf(stage))).toBeLessThanOrEqual(FRAME_MS)
    expect(stage.program.facts()).toMatchObject({ state: 'live', interruptedAtMs: null })
  })

  it('is lost too when it is silent, or its times stand still, though its connection is there', async () => {
    for (const mode of ['silent', 'frozen'] as const) {
      const stage = open()
      const publisher = stage.connect('obs')
      await stage.run(4000, publisher)
      publisher.mode = mode
      await stage.run(SILENT_AFTER_MS - 2 * FRAME_MS, publisher)
      expect(stage.program.state).toBe('live')
      await stage.run(5 * FRAME_MS, publisher)
      expect(stage.program.state).toBe('interrupted')
      await stage.run(6000, publisher)
      expect(stage.frames.at(-1)?.session).toBe(0)
      publisher.mode = 'sending'
      await stage.run(3000, publisher)
      expect(stage.program.state).toBe('live')
      expect(Math.max(...stepsOf(stage))).toBeLessThanOrEqual(FRAME_MS)
    }
  })

  it('before anything could be played is waited for by nobody', async () => {
    for (const mediaMs of [0, 120]) {
      const stage = open()
      const publisher = stage.connect('obs')
      if (mediaMs > 0) await stage.run(mediaMs, publisher)
      publisher.leave()
      expect(stage.program.state).toBe('ended')
      expect(stage.states).not.toContain('interrupted')
    }
  })

  it('loses nothing where only its network stood still', async () => {
    const stage = open()
    const publisher = stage.connect('obs')
    await stage.run(4000, publisher)
    publisher.mode = 'stalled'
    await stage.run(3000, publisher)
    publisher.mode = 'sending'
    await stage.run(3000, publisher)
    const sourceTimes = stage.frames.map(({ sourcePtsMs }) => sourcePtsMs)
    expect(sourceTimes).toEqual(sourceTimes.map((_, index) => 5000 + index * FRAME_MS))
    expect(new Set(stepsOf(stage))).toEqual(new Set([FRAME_MS]))
  })

  it('a third time within a minute has the slate sooner, as viewers have less reserve', async () => {
    const stage = open()
    let publisher = stage.connect('obs')
    await stage.run(4000, publisher)
    for (let times = 0; times < 3; times++) {
      publisher.leave()
      await stage.run(3000)
      publisher = stage.connect('obs')
      await stage.run(12_000, publisher)
    }
    const slates = stage.switches.filter(({ to }) => to === 'slate')
    expect(slates.length).toBe(2)
    expect(slates[0]?.lostMs).toBeLessThan(1500)
    expect(slates[1]?.lostMs).toBeLessThan(slates[0]?.lostMs ?? 0)
  })
})

describe('a standby', () => {
  it('takes over at once, from where it is, when the primary is lost: less than a GOP is left out', async () => {
    const stage = open()
    const obs = stage.connect('obs')
    await stage.run(1000, obs)
    const standby = stage.connect('standby', { startMs: 777_000, hasBFrames: true })
    await stage.run(3400, obs, standby)
    obs.leave()
    expect(switchesOf(stage).at(-1)).toBe('obs > standby: loss')
    await stage.run(2000, standby)
    expect(stage.program).toMatchObject({ state: 'live', interruptions: 0 })
    const own = stage.frames.filter(({ session }) => session === 2)
    expect(own[0]?.keyframe).toBe(true)
    // All of the GOP is there for the decoder, and takes a frame or two of the program.
    expect(own.filter(({ atMs }) => atMs === own[0]?.atMs).length).toBeGreaterThan(20)
    const lastOfObs = stage.frames.findLast(({ session }) => session === 1)
    expect(
      (own.find(({ atMs }) => atMs > (own[0]?.atMs ?? 0))?.ptsMs ?? 0) - (lastOfObs?.ptsMs ?? 0),
    ).toBeLessThan(GOP_FRAMES + 4 * FRAME_MS)
    expect(Math.max(...stepsOf(stage))).toBeLessThanOrEqual(2 * FRAME_MS)
  })

  it('feeds until the primary has been well for five seconds, and gives way at its keyframe', async () => {
    const stage = open()
    const standby = stage.connect('standby')
    await stage.run(4000, standby)
    const obs = stage.connect('obs')
    await stage.run(4900, standby, obs)
    expect(stage.program.facts().sources).toMatchObject([
      { kind: 'obs', active: false, healthy: true },
      { kind: 'standby', active: true },
    ])
    await stage.run(2200, standby, obs)
    expect(switchesOf(stage)).toEqual(['null > standby: return', 'standby > obs: fail-back'])
    expect(stage.frames.find(({ session }) => session === 2)?.keyframe).toBe(true)
    expect(Math.max(...stepsOf(stage))).toBeLessThanOrEqual(FRAME_MS)
    expect(stage.program.interruptions).toBe(0)
  })

  it('that was told to take over does, at a keyframe, and stays until it is lost', async () => {
    const stage = open()
    const [obs, standby] = [stage.connect('obs'), stage.connect('standby')]
    await stage.run(3000, obs, standby)
    stage.program.takeover('standby')
    await stage.run(20_000, obs, standby)
    expect(switchesOf(stage)).toEqual(['null > obs: return', 'obs > standby: takeover'])
    standby.leave()
    await stage.run(1000, obs)
    expect(switchesOf(stage).at(-1)).toBe('standby > obs: loss')
    expect(() => stage.program.takeover('standby')).toThrow('standby')
  })

  it('is left for longer and longer when the primary comes and goes', async () => {
    const stage = open()
    const standby = stage.connect('standby')
    const feeding: number[] = []
    for (let times = 0; times < 3; times++) {
      const obs = stage.connect('obs')
      const fromMs = stage.nowMs
      while (stage.switches.at(-1)?.to !== 'obs') await stage.run(FRAME_MS, obs, standby)
      feeding.push(stage.nowMs - fromMs)
      await stage.run(3000, obs, standby)
      obs.leave()
      await stage.run(1000, standby)
    }
    const [first = 0, second = 0, third = 0] = feeding.slice(0)
    expect(second).toBeGreaterThan(first)
    expect(third).toBeGreaterThan(second * 1.5)
  })
})

describe('a streamer who stops', () => {
  it('has the slate at once, and a short window', async () => {
    const stage = open()
    const obs = stage.connect('obs')
    await stage.run(3000, obs)
    obs.leave('unpublished')
    await stage.run(4 * FRAME_MS)
    expect(stage.program.facts().sources).toEqual([{ kind: 'slate', active: true, healthy: true }])
    await stage.run(WINDOW_AFTER_STOP_MS)
    expect(stage.program.state).toBe('ended')
  })

  it('and starts again goes on in the same program', async () => {
    const stage = open()
    const obs = stage.connect('obs')
    await stage.run(3000, obs)
    obs.leave('unpublished')
    await stage.run(10_000)
    const again = stage.connect('obs')
    await stage.run(30_000, again)
    expect(stage.program.state).toBe('live')
  })
})

describe('a program', () => {
  it('ends when nobody is back within the window', async () => {
    const stage = open({ reconnectWindowMs: 20_000 })
    const obs = stage.connect('obs')
    await stage.run(3000, obs)
    obs.leave()
    await stage.run(19_900)
    expect(stage.program.state).toBe('interrupted')
    await stage.run(200)
    expect(stage.program.state).toBe('ended')
    expect(stage.states).toEqual(expect.arrayContaining(['starting', 'live', 'interrupted', 'ended']))
  })

  it('without a slate stands still until somebody is back', async () => {
    const stage = open({ hasSlate: false })
    const obs = stage.connect('obs')
    await stage.run(3000, obs)
    obs.leave()
    await stage.run(30_000)
    await stage.run(3000, stage.connect('obs'))
    expect(stage.program.state).toBe('live')
    expect(Math.max(...stepsOf(stage))).toBeLessThanOrEqual(FRAME_MS)
  })

  it('of sound alone has silence for a slate', async () => {
    const stage = open()
    const obs = stage.connect('obs', { hasVideo: false })
    await stage.run(6000, obs)
    obs.leave()
    await stage.run(10_000)
    expect(stage.frames).toEqual([])
    expect(stage.program.facts().sources).toEqual([{ kind: 'slate', active: true, healthy: true }])
    expect(stage.audio.at(-1)?.isSilent).toBe(true)
    await stage.run(6000, stage.connect('obs', { hasVideo: false }))
    expect(stage.audio.at(-1)?.isSilent).toBe(false)
    expect(stage.program.state).toBe('live')
    expect(stage.audio.length).toBeGreaterThan((15_000 * 48) / 1024)
  })

  it('goes on without a publisher who sends what cannot be taken', async () => {
    const stage = open()
    const obs = stage.connect('obs')
    await stage.run(3000, obs)
    obs.source.receive({ type: 'video', timestampMs: 0, data: Uint8Array.of(0x17) })
    expect(stage.refused).toEqual(['obs'])
    expect(stage.program.facts()).toMatchObject({
      state: 'interrupted',
      refusal: { code: 'source_malformed' },
    })
    await stage.run(3000, stage.connect('obs'))
    expect(stage.program.facts()).toMatchObject({ state: 'live', refusal: null })
  })

  it('that drains tells also those who ask for its end after that: nothing would ever end their feeds', () => {
    const { program } = open()
    let told = 0
    program.onDrain(() => told++)
    program.drain()
    program.onDrain(() => told++)
    expect(told).toBe(2)
  })

  it('that has nothing else is over with it', async () => {
    const stage = open()
    const obs = stage.connect('obs')
    obs.source.receive({ type: 'video', timestampMs: 0, data: Uint8Array.of(0x17) })
    expect(stage.program.state).toBe('refused')
    expect(stage.refused).toEqual([null])
  })
})
