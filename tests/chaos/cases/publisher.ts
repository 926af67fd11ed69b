/** The publisher is lost and comes back: killed, cut off, again and again, with another shape. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CaseContext, ChaosCase, Figures, Outcome } from '../chaos-case.ts'
import { measure, outcomeOf, type Measured } from '../measure.ts'
import { Stage, type StageOptions } from '../stage.ts'

/** Viewers notice nothing, and nothing that was sent is lost. */
export const UNSEEN = {
  stallMs: 0,
  noOverlay: true,
  reloads: 0,
  missingFrames: 0,
  contiguous: true,
  flvKept: true,
} as const
/** The same where a publisher or an encoder has come back. */
export const UNSEEN_AND_IN_SYNC = { ...UNSEEN, lipSyncMs: 40 } as const

type More = Figures['more']

/** Opens a stage on the shared server, lets `act` do its worst, measures; gives its figures besides, of what was measured where it wants. */
export async function onStage(
  context: CaseContext,
  options: Partial<StageOptions> & { title: string },
  act: (stage: Stage) => Promise<More | ((measured: Measured) => More) | void>,
): Promise<Outcome> {
  const server = options.server ?? (await context.shared())
  const stage = await Stage.open({ browser: context.browser, ...options, server })
  try {
    const more = await act(stage)
    const measured = await measure(stage)
    return await outcomeOf(measured, typeof more === 'function' ? more(measured) : (more ?? {}))
  } finally {
    await stage.close()
  }
}

function killed(seconds: number): ChaosCase {
  return {
    name: `publisher-${seconds}s`,
    title: `publisher killed, back after ${seconds} s`,
    bars: UNSEEN_AND_IN_SYNC,
    isShort: seconds === 3,
    run: (context) =>
      onStage(context, { title: `killed ${seconds} s` }, async (stage) => {
        await stage.outage(seconds * 1000)
        await stage.untilSeen()
      }),
  }
}

const nothing: ChaosCase = {
  name: 'nothing',
  title: 'nothing is killed (what the machine does by itself)',
  bars: UNSEEN_AND_IN_SYNC,
  run: (context) => onStage(context, { title: 'nothing' }, async () => void (await sleep(20_000))),
}

const halfOpen: ChaosCase = {
  name: 'half-open-3s',
  title: 'the line swallows all for 3 s and stays open, then a new connection',
  bars: UNSEEN_AND_IN_SYNC,
  run: (context) =>
    onStage(context, { title: 'half-open' }, async (stage) => {
      stage.proxy.freeze()
      stage.mark('line frozen')
      await stage.outage(3000)
      await stage.untilSeen()
    }),
}

const three: ChaosCase = {
  name: 'three-in-a-minute',
  title: 'publisher killed three times in a minute, 3 s each',
  // The slate comes sooner each time, and is told of when it is long.
  bars: { ...UNSEEN_AND_IN_SYNC, noOverlay: false },
  run: (context) =>
    onStage(context, { title: 'three' }, async (stage) => {
      for (let n = 0; n < 3; n++) {
        const atMs = Date.now()
        await stage.outage(3000)
        if (n < 2) await sleep(20_000 - (Date.now() - atMs))
      }
      await stage.untilSeen()
    }),
}

const otherShape: ChaosCase = {
  name: 'other-shape',
  title: 'publisher killed, back after 2 s with 426×240 at 25 fps, 44.1 kHz',
  bars: UNSEEN_AND_IN_SYNC,
  run: (context) =>
    onStage(context, { title: 'other shape' }, async (stage) => {
      await stage.outage(2000, { size: '426x240', fps: 25, sampleRate: 44_100 })
      await stage.untilSeen(4000)
    }),
}

export const PUBLISHER_CASES: readonly ChaosCase[] = [
  nothing,
  ...[1, 2, 3, 5].map(killed),
  halfOpen,
  three,
  otherShape,
]
