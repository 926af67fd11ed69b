/** Whatever publishers do, what comes out of a program is one endless, well-formed stream. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FRAME_MS, ProgramStage, type StagedPublisher } from '../../tests/support/program-stage.ts'
import { frameAt } from './audio-track.ts'
import type { PublisherKind } from './live-rooms.ts'
import { PROGRAM_MOVES, type ProgramState } from './program-state.ts'
import { SLATE_AFTER_MS } from './slate-delay.ts'
import { SILENT_AFTER_MS } from './source-health.ts'
import { AHEAD_LIMIT_MS, TIMELINE_START_MS } from './timeline.ts'

const kind = fc.constantFrom<PublisherKind>('obs', 'standby')
const action = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('connect' as const), kind, hasBFrames: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), kind, isClean: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('mode' as const),
      kind,
      mode: fc.constantFrom('sending', 'silent', 'stalled', 'frozen'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('takeover' as const), kind }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('garbage' as const), kind }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('jump' as const), kind, ms: fc.integer({ min: -1e6, max: 1e6 }) }),
  },
)
const step = fc.record({
  action,
  ms: fc.oneof(fc.integer({ min: 40, max: 900 }), fc.integer({ min: 900, max: 8000 })),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Plays the steps; whether times may jump, and whether anything but keyframes may be lost, depends on them. */
async function play(steps: readonly Step[]): Promise<ProgramStage> {
  const stage = new ProgramStage({ reconnectWindowMs: 1_000_000 })
  const publishers = new Map<PublisherKind, StagedPublisher>()
  const watch = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += FRAME_MS) {
      await stage.run(FRAME_MS, ...publishers.values())
      expect(stage.program.facts().sources.filter(({ active }) => active).length).toBeLessThanOrEqual(1)
    }
  }
  publishers.set('obs', stage.connect('obs'))
  await watch(500)
  for (const { action, ms } of steps) {
    const publisher = publishers.get(action.kind)
    if (action.do === 'connect') {
      publishers.set(
        action.kind,
        stage.connect(action.kind, { startMs: ms * 1000, hasBFrames: action.hasBFrames }),
      )
    } else if (action.do === 'takeover') {
      if (publisher) stage.program.takeover(action.kind)
    } else if (publisher && action.do === 'leave') {
      publisher.leave(action.isClean ? 'unpublished' : 'gone')
      publishers.delete(action.kind)
    } else if (publisher && action.do === 'garbage') {
      publisher.source.receive({ type: 'video', timestampMs: 5, data: Uint8Array.of(0x17) })
      publishers.delete(action.kind)
    } else if (publisher && action.do === 'mode') publisher.mode = action.mode
    else if (publisher && action.do === 'jump') publisher.jump(action.ms)
    await watch(ms)
    if (stage.program.isOver) break
  }
  return stage
}

it('decode times only go forward, and never far ahead of the clock on the wall', async () => {
  await everyProgram((stage) => {
    const { frames, program } = stage
    frames.forEach(({ dtsMs, ptsMs, atMs }, index) => {
      const before = frames[index - 1]
      if (before) expect(dtsMs).toBeGreaterThan(before.dtsMs)
      expect(ptsMs).toBeGreaterThanOrEqual(dtsMs)
      expect(dtsMs).toBeLessThanOrEqual(atMs - program.epochMs + AHEAD_LIMIT_MS)
    })
  })
})

it('every frame of audio comes once, in order', async () => {
  await everyProgram(({ audio, program }) => {
    expect(audio.length).toBe(program.output.audioNext - frameAt(TIMELINE_START_MS))
    audio.forEach(({ timeMs }, index) => {
      expect(timeMs).toBeGreaterThanOrEqual(audio[index - 1]?.timeMs ?? 0)
    })
  })
})

it('whoever takes over begins with a keyframe and its own configuration', async () => {
  await everyProgram(({ frames, headers }) => {
    const changes = frames.filter(({ session }, index) => session !== frames[index - 1]?.session)
    for (const { keyframe } of changes) expect(keyframe).toBe(true)
    const announced = headers.filter((session, index) => session !== headers[index - 1])
    expect(changes.map(({ session }) => session)).toEqual(announced)
  })
})

it('pictures stop for no longer than the slate waits, and leave no hole on the timeline', async () => {
  await everyProgram(({ frames, program, nowMs }) => {
    frames.forEach((frame, index) => {
      const next = frames[index + 1]
      if (!next && program.isOver) return
      expect((next?.atMs ?? nowMs) - frame.atMs).toBeLessThanOrEqual(SLATE_AFTER_MS + 4 * FRAME_MS)
      if (next) expect(next.dtsMs - frame.dtsMs).toBeLessThanOrEqual(SILENT_AFTER_MS + 4 * FRAME_MS)
    })
  })
})

it('states follow the table, and each interruption is counted once', async () => {
  await everyProgram(({ states, program }) => {
    const changes = states.filter((state, index) => state !== states[index - 1]) as ProgramState[]
    changes.slice(1).forEach((state, index) => {
      const before = changes[index] ?? 'starting'
      expect(Object.values(PROGRAM_MOVES[before])).toContain(state)
    })
    expect(program.interruptions).toBe(changes.filter((state) => state === 'interrupted').length)
  })
})

it('sound is moved exactly as far as the picture that was made with it', async () => {
  const calm = fc
    .array(step, { maxLength: 25 })
    .map((steps) => steps.filter(({ action }) => action.do !== 'jump'))
  await everyProgram(
    ({ frames, sounds }) => {
      for (const sound of sounds) {
        const near = frames.filter(
          (frame) => frame.session === sound.session && Math.abs(frame.atMs - sound.atMs) < 1500,
        )
        // Times that stand still are moved on frame by frame: there is no one distance to compare with.
        if (near.some(({ sourcePtsMs }, index) => sourcePtsMs === near[index - 1]?.sourcePtsMs)) continue
        const own = frames.filter((frame, index) => {
          const steady = [frames[index - 1], frames[index + 1]].some((other) => {
            const isNear = other?.session === frame.session
            return isNear && Math.abs(other.dtsMs - frame.dtsMs) === FRAME_MS
          })
          return frame.session === sound.session && steady && Math.abs(frame.atMs - sound.atMs) < 1500
        })
        if (own.length === 0) continue
        const offsets = own.map(({ ptsMs, sourcePtsMs }) => ptsMs - sourcePtsMs)
        expect(offsets).toContain(sound.offsetMs)
      }
    },
    calm,
    [FROZEN_STANDBY],
  )
})

/** A standby whose times stand still is on air, left for a keyframe of the primary's, and on air again in the same tick. */
const FROZEN_STANDBY: Step[] = [
  { action: { do: 'connect', kind: 'standby', hasBFrames: false }, ms: 40 },
  { action: { do: 'connect', kind: 'obs', hasBFrames: false }, ms: 5121 },
  { action: { do: 'mode', kind: 'standby', mode: 'frozen' }, ms: 841 },
  { action: { do: 'connect', kind: 'obs', hasBFrames: false }, ms: 900 },
]

async function everyProgram(
  holds: (stage: ProgramStage) => void,
  steps: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 25 }),
  examples: readonly Step[][] = [],
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(steps, async (each) => {
      const stage = await play(each)
      try {
        holds(stage)
      } finally {
        stage.program.close()
      }
    }),
    { numRuns: 40, examples: examples.map((each) => [each]) },
  )
}
