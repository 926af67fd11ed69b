/** What a stage saw, as lanes over time: publisher, room, parts, FLV, screens. */
import type { Lane, Span, TimelinePicture } from './chaos-case.ts'
import type { Measured, WatchedScreen } from './measure.ts'
import { overlaySpans, STALL_GAP_MS } from './meters/screen.ts'

/** Frames closer than this are one span. */
const JOINED_MS = 300
const BEFORE_MS = 6000

export function drawStage(measured: Measured): TimelinePicture {
  const { stage, untilMs } = measured
  const firstMs = stage.marks[0]?.atMs ?? stage.watchedFromMs
  const fromMs = Math.max(stage.watchedFromMs - 2000, firstMs - BEFORE_MS)
  const sentAt = stage.proxy.connections.flatMap(({ sniffer }) => sniffer.video.map(({ atMs }) => atMs))
  const lanes: Lane[] = [
    { name: 'publisher sends', spans: joined(sentAt, 'good') },
    { name: 'room', spans: stateSpans(measured) },
    {
      name: 'parts',
      spans: partSpans(measured),
      ticks: stage.video?.parts.map(({ atMs }) => atMs) ?? [],
    },
    { name: 'FLV', spans: joined(stage.flv?.video.map(([atMs]) => atMs) ?? [], 'good') },
    ...measured.screens.flatMap((screen) => screenLanes(screen, measured)),
  ]
  return {
    fromMs,
    toMs: untilMs,
    marks: stage.marks,
    lanes: lanes.map((lane) => cropped(lane, fromMs, untilMs)),
  }
}

function stateSpans({ stage, untilMs }: Measured): Span[] {
  const states = stage.states?.states() ?? []
  return states.map(({ atMs, state }, index) => ({
    fromMs: atMs,
    toMs: states[index + 1]?.atMs ?? untilMs,
    kind: state === 'live' ? 'good' : 'state',
    text: state ?? '',
  }))
}

/** By what is in them: the publisher's frames, or others. */
function partSpans({ frames }: Measured): Span[] {
  const good = frames.filter(({ counter }) => counter !== null).map(({ arrivedAtMs }) => arrivedAtMs)
  const slate = frames.filter(({ counter }) => counter === null).map(({ arrivedAtMs }) => arrivedAtMs)
  return [...joined(good, 'good', 600), ...joined(slate, 'slate', 600)]
}

function screenLanes({ name, log, stalls }: WatchedScreen, { stage, untilMs }: Measured): Lane[] {
  const ofSource = log.frames.filter(([, , , counter]) => counter !== null).map(([atMs]) => atMs)
  const ofSlate = log.frames.filter(([, , , counter]) => counter === null).map(([atMs]) => atMs)
  const spans: Span[] = [
    ...joined(ofSource, 'good'),
    ...joined(ofSlate, 'slate'),
    ...stalls.map(({ atMs, gapMs, isMachine }): Span => {
      return {
        fromMs: atMs,
        toMs: atMs + gapMs,
        kind: isMachine ? 'machine' : 'bad',
        text: `${Math.round(gapMs)} ms`,
      }
    }),
  ]
  const overlays = overlaySpans(log, untilMs)
    .filter(({ toMs }) => toMs > stage.watchedFromMs)
    .map((span): Span => ({ ...span, kind: 'overlay' }))
  return [
    { name: `screen: ${name}`, spans },
    ...(overlays.length ? [{ name: 'over it', spans: overlays }] : []),
  ]
}

/** Moments that follow each other closely, as spans. */
export function joined(
  times: readonly number[],
  kind: Span['kind'],
  apartMs = JOINED_MS + STALL_GAP_MS,
): Span[] {
  const spans: Span[] = []
  for (const atMs of times.toSorted((a, b) => a - b)) {
    const last = spans.at(-1)
    if (last && atMs - last.toMs <= apartMs) last.toMs = atMs
    else spans.push({ fromMs: atMs, toMs: atMs, kind })
  }
  return spans
}

function cropped(lane: Lane, fromMs: number, toMs: number): Lane {
  const spans = lane.spans
    .filter((span) => span.toMs >= fromMs && span.fromMs <= toMs)
    .map((span) => ({ ...span, fromMs: Math.max(span.fromMs, fromMs), toMs: Math.min(span.toMs, toMs) }))
  const ticks = lane.ticks?.filter((atMs) => atMs >= fromMs && atMs <= toMs)
  return { ...lane, spans, ...(ticks ? { ticks } : {}) }
}
