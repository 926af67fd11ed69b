/** A timeline picture as SVG. Pure. */
import type { Lane, Span, TimelinePicture } from '../chaos-case.ts'

const WIDTH = 1100
const LABEL_WIDTH = 150
const LANE_HEIGHT = 26
const HEAD_HEIGHT = 40
const FOOT_HEIGHT = 22
const COLOURS: Readonly<Record<Span['kind'], string>> = {
  good: '#3a9d6a',
  slate: '#c9922b',
  bad: '#d23b3b',
  overlay: '#7a5cc0',
  state: '#8893a5',
  machine: '#b9b9b9',
}

export function timelineSvg(picture: TimelinePicture): string {
  const { fromMs, toMs, marks, lanes } = picture
  const height = HEAD_HEIGHT + lanes.length * LANE_HEIGHT + FOOT_HEIGHT
  const scale = (WIDTH - LABEL_WIDTH - 10) / Math.max(1, toMs - fromMs)
  const x = (atMs: number): number => round(LABEL_WIDTH + (atMs - fromMs) * scale)
  const zero = marks[0]?.atMs ?? fromMs
  const bottom = HEAD_HEIGHT + lanes.length * LANE_HEIGHT
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, sans-serif" font-size="11">`,
    ...secondsOf(fromMs, toMs, zero).map(
      ({ atMs, text }) =>
        `<line x1="${x(atMs)}" x2="${x(atMs)}" y1="${HEAD_HEIGHT}" y2="${bottom}" stroke="#8884" stroke-width="0.5"/><text x="${x(atMs)}" y="${bottom + 14}" text-anchor="middle" fill="currentColor" opacity="0.6">${text}</text>`,
    ),
    ...lanes.map((lane, index) => drawLane(lane, HEAD_HEIGHT + index * LANE_HEIGHT, x)),
    ...marks.map(({ atMs, text }, index) => {
      const y = 12 + (index % 3) * 11
      return `<line x1="${x(atMs)}" x2="${x(atMs)}" y1="${y + 2}" y2="${bottom}" stroke="currentColor" stroke-dasharray="3 3"/><text x="${x(atMs) + 3}" y="${y}" fill="currentColor">${escapeText(text)}</text>`
    }),
    '</svg>',
  ].join('\n')
}

function drawLane(lane: Lane, top: number, x: (atMs: number) => number): string {
  const spans = lane.spans.map((span) => {
    const left = x(span.fromMs)
    const width = Math.max(1, round(x(span.toMs) - left))
    const text =
      span.text && width > 34
        ? `<text x="${left + 3}" y="${top + 16}" fill="#fff" font-size="10">${escapeText(span.text.slice(0, Math.floor(width / 6)))}</text>`
        : ''
    return `<rect x="${left}" y="${top + 4}" width="${width}" height="${LANE_HEIGHT - 8}" rx="2" fill="${COLOURS[span.kind]}"><title>${escapeText(span.text ?? span.kind)}: ${Math.round(span.toMs - span.fromMs)} ms</title></rect>${text}`
  })
  const ticks = (lane.ticks ?? []).map((atMs) => `M${x(atMs)} ${top + LANE_HEIGHT - 5}v4`).join('')
  return [
    `<text x="4" y="${top + 17}" fill="currentColor">${escapeText(lane.name)}</text>`,
    ...spans,
    ticks ? `<path d="${ticks}" stroke="currentColor" stroke-width="0.6" opacity="0.7"/>` : '',
  ].join('')
}

/** About ten of them, whole seconds from what was done first. */
function secondsOf(fromMs: number, toMs: number, zeroMs: number): { atMs: number; text: string }[] {
  const step = [1, 2, 5, 10, 20, 60, 120].find((seconds) => (toMs - fromMs) / 1000 / seconds <= 16) ?? 300
  const seconds: { atMs: number; text: string }[] = []
  for (let at = Math.ceil((fromMs - zeroMs) / 1000 / step) * step; zeroMs + at * 1000 <= toMs; at += step)
    seconds.push({ atMs: zeroMs + at * 1000, text: `${at} s` })
  return seconds
}

export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

function round(value: number): number {
  return Number(value.toFixed(1))
}
