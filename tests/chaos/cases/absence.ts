/** The publisher stays away: the slate in the same stream, the picture when it comes back, the end when it does not. */
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../../support/eventually.ts'
import { HeadwaterProcess } from '../../support/headwater-process.ts'
import { CannotRun, type ChaosCase, type Figures } from '../chaos-case.ts'
import { counterDistance } from '../../support/counting-picture.ts'
import { SHORT_WINDOW, SHORT_WINDOW_SECONDS } from '../server-options.ts'
import type { Stage } from '../stage.ts'
import { recordingOf } from './recording.ts'
import { onStage } from './publisher.ts'

const SLATE_DUE_MS = 4000
const END_LIMIT_MS = 60_000

const backAfter30: ChaosCase = {
  name: 'back-after-30s',
  title: 'publisher killed, back after 30 s',
  bars: {
    stallMs: 0,
    reloads: 0,
    missingFrames: 0,
    contiguous: true,
    flvKept: true,
    lipSyncMs: 40,
    backInPartsMs: 2000,
    more: { slateAfterMs: SLATE_DUE_MS + 700 },
  },
  run: (context) =>
    onStage(context, { title: 'back after 30 s' }, async (stage) => {
      const killedAtMs = Date.now()
      const back = stage.outage(30_000)
      await sleep(SLATE_DUE_MS + 4000)
      if ((stage.video?.parts.at(-1)?.atMs ?? 0) < killedAtMs + SLATE_DUE_MS) {
        await back
        throw new CannotRun('no slate: 8 s after the loss no part has come')
      }
      await back
      await stage.untilSeen()
      const slateFromMs = stage.video?.parts.find(({ atMs }) => atMs > killedAtMs + 1000)?.atMs ?? NaN
      return { slateAfterMs: Math.round(slateFromMs - killedAtMs) }
    }),
}

const low: ChaosCase = {
  name: 'low-3s',
  title: 'low-latency mode, publisher killed, back after 3 s',
  bars: {
    reloads: 0,
    missingFrames: 0,
    contiguous: true,
    flvKept: true,
    lipSyncMs: 40,
    backOnScreenMs: 1000,
    more: { backAtTargetMs: 20_000 },
  },
  run: (context) =>
    onStage(
      context,
      { title: 'low', screens: [{ mode: 'low' }], warmMs: 4000, settleMs: 8000 },
      async (stage) => {
        const before = await latencyOf(stage, -Infinity)
        await stage.outage(3000)
        const backAtMs = Date.now()
        await stage.untilSeen(22_000)
        const at = await targetReachedAt(stage, backAtMs, (before ?? 1000) + TARGET_SLACK_MS)
        return {
          distanceBeforeMs: before,
          distanceAfterMs: await latencyOf(stage, Date.now() - 2000),
          backAtTargetMs: at === null ? null : Math.round(at - backAtMs),
        }
      },
    ),
}

/** At the target again: within so much of the distance before. */
const TARGET_SLACK_MS = 300

/** Median age of the frames shown from then on, by the counter and the wall clock that it was drawn by. */
async function latencyOf(stage: Stage, fromMs: number): Promise<number | null> {
  const ages = (await agesOf(stage)).filter(([atMs]) => atMs >= fromMs).map(([, ageMs]) => ageMs)
  const sorted = ages.toSorted((a, b) => a - b)
  return sorted.length ? Math.round(sorted[sorted.length >> 1] ?? NaN) : null
}

/** When the frames are that young and stay so for a second; null: never. */
async function targetReachedAt(stage: Stage, fromMs: number, targetMs: number): Promise<number | null> {
  const ages = (await agesOf(stage)).filter(([atMs]) => atMs >= fromMs)
  const young = ages.find(([atMs]) => {
    const next = ages.filter(([time]) => time >= atMs && time < atMs + 1000)
    return next.length > 10 && next.every(([, ageMs]) => ageMs <= targetMs)
  })
  return young?.[0] ?? null
}

async function agesOf(stage: Stage): Promise<[number, number][]> {
  const log = await stage.screens[0]?.log()
  return (log?.frames ?? []).flatMap(([atMs, , , counter]): [number, number][] => {
    if (counter === null) return []
    const run = stage.source.runs.findLast(({ firstCounter }) => counterDistance(firstCounter, counter) >= 0)
    if (!run) return []
    const madeMs = run.startedAtMs + (counterDistance(run.firstCounter, counter) * 1000) / run.shape.fps
    return [[atMs, atMs - madeMs]]
  })
}

const neverBack: ChaosCase = {
  name: 'never-back',
  title: `publisher killed and never back, window of ${SHORT_WINDOW_SECONDS} s`,
  bars: {
    stallMs: 0,
    reloads: 0,
    contiguous: true,
    more: {
      endCardAfterWindowMs: 1000,
      hasEndlist: true,
      recordingComplete: true,
      recordings: 1,
      recordingMissing: 0,
    },
  },
  run: async (context) => {
    const server = await HeadwaterProcess.start(SHORT_WINDOW)
    try {
      return await onStage(context, { title: 'never back', server }, awaitEnd)
    } finally {
      await server.close()
    }
  },
}

async function awaitEnd(stage: Stage): Promise<Figures['more']> {
  const killedAtMs = await stage.source.kill()
  stage.mark('publisher killed', killedAtMs)
  const windowEndsAtMs = killedAtMs + SHORT_WINDOW_SECONDS * 1000
  stage.mark('window ends', windowEndsAtMs)
  const endCard = async (): Promise<number | null> => {
    const log = await stage.screens[0]?.log()
    return (
      log?.overlays.find(([atMs, text]) => atMs > killedAtMs && /\b(ended|over)\b/i.test(text))?.[0] ?? null
    )
  }
  await eventually(async () => (await endCard()) !== null, END_LIMIT_MS).catch(() => {})
  const shownAtMs = await endCard()
  stage.watchedUntilMs = Math.min(shownAtMs ?? Infinity, Date.now())
  await sleep(1500)
  const ended = stage.states?.states().find(({ state, atMs }) => state === 'ended' && atMs > killedAtMs)
  return {
    endedAfterWindowMs: ended ? ended.atMs - windowEndsAtMs : null,
    endCardAfterWindowMs: shownAtMs === null ? null : Math.round(shownAtMs - windowEndsAtMs),
    hasEndlist: stage.video?.endedAtMs !== null && stage.audio?.endedAtMs !== null,
    ...(await recordingOf(stage)),
  }
}

export const ABSENCE_CASES: readonly ChaosCase[] = [backAfter30, low, neverBack]
