/** Figures and a picture out of a stage, when the outage is over. */
import { writeFileSync } from 'node:fs'
import { findBeepsIn, pairUp } from '../support/lip-sync.ts'
import { NO_FIGURES, type Figures, type Outcome } from './chaos-case.ts'
import { orderOf, placeIn, type FrameOrder, type SentFrames } from './meters/frame-order.ts'
import { flashesOf, readFrames, type SeenFrame } from './meters/frames.ts'
import { overlaySpans, stallsOf, type Stall } from './meters/screen.ts'
import type { ScreenLog } from './meters/screen-script.ts'
import { longestWait } from './meters/wire.ts'
import { drawStage } from './picture.ts'
import type { Stage } from './stage.ts'

export interface WatchedScreen {
  name: string
  log: ScreenLog
  stalls: Stall[]
  ownStallMs: number
  reloads: number
}

export interface Measured {
  stage: Stage
  frames: SeenFrame[]
  sent: SentFrames[]
  order: FrameOrder
  screens: WatchedScreen[]
  untilMs: number
}

/** What a stage has seen; ends its meters, not its publisher. */
export async function measure(stage: Stage): Promise<Measured> {
  const untilMs = stage.watchedUntilMs ?? Date.now()
  const screens = await Promise.all(
    stage.screens.map(async (screen) => {
      const log = await screen.log()
      const { stallMs } = await screen.ownStalls()
      const stalls = stallsOf(log, stage.watchedFromMs, untilMs)
      return { name: screen.name, log, stalls, ownStallMs: stallMs, reloads: screen.reloads }
    }),
  )
  await Promise.all([stage.video?.stop(), stage.audio?.stop(), stage.flv?.stop()])
  keepTracks(stage)
  const frames = stage.video ? await readFrames(stage.video) : []
  const sent = sentFrames(stage)
  return { stage, frames, sent, order: orderOf(frames, sent, stage.watchedFromMs), screens, untilMs }
}

/** For looking at what a figure is about: `CHAOS_KEEP=DIR` keeps what was recorded. */
function keepTracks(stage: Stage): void {
  const folder = process.env['CHAOS_KEEP']
  if (!folder) return
  for (const track of [stage.video, stage.audio])
    if (track) writeFileSync(`${folder}/${stage.room.id}-${track.name}.mp4`, track.bytes())
}

/** The usual figures and the picture. */
export async function outcomeOf(measured: Measured, more: Figures['more'] = {}): Promise<Outcome> {
  const { stage, screens, order, untilMs } = measured
  const stalls = screens.map((screen) => screen.stalls.filter(({ isMachine }) => !isMachine))
  const overlays = screens.flatMap(({ log }) =>
    overlaySpans(log, untilMs).filter(({ toMs }) => toMs > stage.watchedFromMs),
  )
  const figures: Figures = {
    ...NO_FIGURES,
    outageMs: outageMs(stage),
    stallMs: screens.length ? Math.round(Math.max(...stalls.map(sumOf))) : null,
    stalls: screens.length ? Math.max(...stalls.map(({ length }) => length)) : null,
    machineGaps: screens.reduce(
      (sum, each) => sum + each.stalls.filter(({ isMachine }) => isMachine).length,
      0,
    ),
    ownStallMs: screens.length ? Math.max(...screens.map(({ ownStallMs }) => ownStallMs)) : null,
    overlay: [...new Set(overlays.map(({ text }) => text))].join(' / ') || null,
    reloads: screens.length ? Math.max(...screens.map(({ reloads }) => reloads)) : null,
    missingFrames: order.missing,
    doubledFrames: order.doubled,
    lipSync: await lipSyncAfter(measured),
    backInPartsMs: backInParts(measured),
    backOnScreenMs: backOnScreen(measured),
    longestWithoutPartsMs: stage.video ? longestWait(stage.video.parts, stage.watchedFromMs, untilMs) : null,
    violations: [...((await stage.video?.violations()) ?? []), ...((await stage.audio?.violations()) ?? [])],
    flvConnections: stage.flv?.connections ?? null,
    flvBackward: stage.flv?.backward ?? null,
    more: {
      room: stage.room.id,
      ...(order.foreign ? { foreignFrames: order.foreign } : {}),
      ...(order.missingAt.length ? { missingAt: order.missingAt.join(' ') } : {}),
      ...(order.missingEarly ? { missingWhileStarting: order.missingEarly } : {}),
      ...(order.backward ? { backward: order.backward } : {}),
      ...more,
    },
  }
  return { figures, timeline: drawStage(measured) }
}

/** By what left for the server: the proxy counts the frames of each connection. */
export function sentFrames(stage: Stage): SentFrames[] {
  const { runs } = stage.source
  const fps = runs[0]?.shape.fps
  return runs.map((run, index) => {
    const until = runs[index + 1]?.startedAtMs ?? Infinity
    const own = stage.proxy.connections.filter(
      ({ openedAtMs }) => openedAtMs >= run.startedAtMs && openedAtMs < until,
    )
    const count = own.reduce((sum, { sniffer }) => sum + sniffer.video.length, 0)
    return { firstCounter: run.firstCounter, count, isConverted: run.shape.fps !== fps }
  })
}

function outageMs(stage: Stage): number | null {
  const gaps = stage.source.runs.slice(1).flatMap((run, index) => {
    const ended = stage.source.runs[index]?.endedAtMs
    return ended === null || ended === undefined ? [] : [run.startedAtMs - ended]
  })
  return gaps.length ? Math.round(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length) : null
}

/** The first keyframe of the newest run, as it left. */
export function firstKeyframeMs(stage: Stage): number | null {
  const run = stage.source.runs.at(-1)
  if (!run || stage.source.runs.length < 2) return null
  const own = stage.proxy.connections.filter(({ openedAtMs }) => openedAtMs >= run.startedAtMs)
  return own.flatMap(({ sniffer }) => sniffer.firstKeyframeAtMs ?? []).at(0) ?? null
}

function backInParts({ stage, frames, order }: Measured): number | null {
  const from = firstKeyframeMs(stage)
  const start = order.starts.at(-1) ?? null
  const first = start === null ? null : (frames[start] ?? null)
  return from === null || first === null ? null : first.arrivedAtMs - from
}

/** The worst of the screens. */
function backOnScreen({ stage, screens, sent }: Measured): number | null {
  const from = firstKeyframeMs(stage)
  const run = sent.at(-1)
  if (from === null || !run || screens.length === 0) return null
  const times = screens.map(
    ({ log }) => log.frames.find(([, , , counter]) => placeIn(run, counter) !== null)?.[0],
  )
  return times.includes(undefined) ? null : Math.round(Math.max(...times.map((atMs) => (atMs ?? 0) - from)))
}

/** Beep minus flash behind the last return; where there was none, of all. */
async function lipSyncAfter({ stage, frames, order }: Measured): Promise<Figures['lipSync']> {
  if (!stage.audio) return null
  const fromSec = frames[order.starts.at(-1) ?? 0]?.timeSec ?? 0
  const last = stage.audio.parts.at(-1)?.part.header
  const endSec = last ? (last.mediaTime + last.duration) / last.timescale : 0
  const beeps = (await findBeepsIn(stage.audio.bytes())).filter((time) => time < endSec - 0.05)
  const offsets = pairUp(flashesOf(frames), beeps)
    .filter(({ atSec }) => atSec > fromSec + 0.3)
    .map(({ offsetMs }) => offsetMs)
    .toSorted((a, b) => a - b)
  const worstMs = offsets.toSorted((a, b) => Math.abs(b) - Math.abs(a))[0]
  if (worstMs === undefined) return null
  return {
    medianMs: Math.round(offsets[offsets.length >> 1] ?? NaN),
    worstMs: Math.round(worstMs),
    count: offsets.length,
  }
}

function sumOf(stalls: readonly Stall[]): number {
  return stalls.reduce((sum, { gapMs }) => sum + gapMs, 0)
}
