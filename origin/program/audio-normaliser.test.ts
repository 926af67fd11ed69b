import { afterEach, describe, expect, it } from 'vitest'
import { clickTags, findClicks, type ClickShape } from '../../tests/support/clicks.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { captureLog } from '../../tests/support/log-lines.ts'
import { isSequenceHeader } from '../../media/flv-tag.ts'
import { AudioNormaliser } from './audio-normaliser.ts'
import { frameAt } from './audio-track.ts'

const TOLERANCE_MS = 10

const running: AudioNormaliser[] = []

afterEach(() => {
  for (const normaliser of running.splice(0)) normaliser.close()
})

class Converted {
  readonly numbers: number[] = []
  readonly frames: Uint8Array[] = []
  readonly normaliser = new AudioNormaliser({
    bitrateKbps: 128,
    logger: captureLog().logger,
    onFrame: (frame, data) => {
      this.numbers.push(frame)
      this.frames.push(data)
    },
  })

  constructor() {
    running.push(this.normaliser)
  }

  /** Tags at their own times, moved; those for which `keeps` is false are missing. */
  async send(
    shape: ClickShape,
    movedMs: number,
    keeps: (timeMs: number) => boolean = () => true,
  ): Promise<void> {
    for (const tag of await clickTags(shape)) {
      if (isSequenceHeader(tag)) this.normaliser.configure(tag.data)
      else if (keeps(tag.timestampMs)) this.normaliser.push(tag.timestampMs + movedMs, tag.data)
    }
  }

  /** Resolves when frames have come up to a time; ffmpeg holds the last ones back. */
  async until(timeMs: number): Promise<void> {
    await eventually(() => (this.numbers.at(-1) ?? 0) >= frameAt(timeMs))
  }

  /** Errors in ms of the clicks, which are expected a whole number of seconds and one source frame after `movedMs`. */
  async errorsMs(movedMs: number, sampleRate: number): Promise<number[]> {
    const clicks = await findClicks(this.frames, this.numbers[0] ?? 0)
    return clicks.map((click) => {
      const second = click - (movedMs / 1000 + 1024 / sampleRate)
      return (second - Math.round(second)) * 1000
    })
  }
}

describe.each([
  { sampleRate: 48_000, layout: 'stereo' },
  { sampleRate: 44_100, layout: 'mono' },
  { sampleRate: 44_100, layout: 'stereo' },
  { sampleRate: 32_000, layout: 'stereo' },
  { sampleRate: 22_050, layout: 'mono' },
] as const)('$layout audio at $sampleRate Hz', ({ sampleRate, layout }) => {
  it('comes out on the grid, each frame once, and every click where it was', async () => {
    const converted = new Converted()
    await converted.send({ sampleRate, layout, seconds: 5 }, 10_007)
    await converted.until(14_700)
    const [first = 0] = converted.numbers
    expect(first).toBe(frameAt(10_007))
    expect(converted.numbers).toEqual(converted.numbers.map((_, index) => first + index))
    const errors = await converted.errorsMs(10_007, sampleRate)
    expect(errors.length).toBeGreaterThanOrEqual(4)
    for (const error of errors) expect(Math.abs(error)).toBeLessThan(TOLERANCE_MS)
  })
})

describe('audio with a gap', () => {
  it('is silent there, and in its place behind it', async () => {
    const converted = new Converted()
    await converted.send(
      { sampleRate: 44_100, layout: 'stereo', seconds: 6 },
      10_000,
      (ms) => ms < 2500 || ms > 3500,
    )
    await converted.until(15_700)
    const [first = 0] = converted.numbers
    expect(converted.numbers).toEqual(converted.numbers.map((_, index) => first + index))
    const errors = await converted.errorsMs(10_000, 44_100)
    expect(errors.length).toBe(5)
    for (const error of errors) expect(Math.abs(error)).toBeLessThan(TOLERANCE_MS)
  })

  it('of minutes begins anew behind it, without making minutes of silence', async () => {
    const converted = new Converted()
    await converted.send({ sampleRate: 48_000, layout: 'stereo', seconds: 1 }, 10_000)
    await converted.until(10_700)
    await converted.send({ sampleRate: 48_000, layout: 'stereo', seconds: 2 }, 600_000)
    await converted.until(601_000)
    expect(converted.numbers.find((frame) => frame > frameAt(20_000))).toBe(frameAt(600_000))
  })
})

describe('another format', () => {
  it('on one connection begins another conversion, on the same grid', async () => {
    const converted = new Converted()
    await converted.send({ sampleRate: 48_000, layout: 'stereo', seconds: 2 }, 10_000)
    await converted.until(11_700)
    await converted.send({ sampleRate: 32_000, layout: 'mono', seconds: 3 }, 12_060)
    await converted.until(14_700)
    expect(converted.numbers).toEqual([...converted.numbers].sort((a, b) => a - b))
    expect(new Set(converted.numbers).size).toBe(converted.numbers.length)
    const later = converted.numbers.findIndex((frame) => frame >= frameAt(12_060))
    const clicks = await findClicks(converted.frames.slice(later), converted.numbers[later] ?? 0)
    for (const click of clicks.slice(0, 2)) {
      const second = click - 12.06 - 1024 / 32_000
      expect(Math.abs(second - Math.round(second)) * 1000).toBeLessThan(TOLERANCE_MS)
    }
  })

  it('many times a second starts a converter a second, and what comes out keeps its places', async () => {
    const { normaliser, numbers } = new Converted()
    const tags = await clickTags({ sampleRate: 48_000, layout: 'stereo', seconds: 3 })
    const headers = [Uint8Array.of(0xaf, 0, 0x11, 0x90), Uint8Array.of(0xaf, 0, 0x11, 0x88)]
    for (const [index, tag] of tags.filter((each) => !isSequenceHeader(each)).entries()) {
      normaliser.configure(headers[index % 2] ?? Uint8Array.of())
      normaliser.push(10_000 + tag.timestampMs, tag.data)
    }
    expect(normaliser.starts).toBeLessThanOrEqual(4)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  })
})

it('takes nothing more once it is closed, says what it has, and drops what goes back in time', async () => {
  const converted = new Converted()
  await converted.send({ sampleRate: 48_000, layout: 'stereo', seconds: 2 }, 10_000)
  await converted.until(11_500)
  await converted.send({ sampleRate: 48_000, layout: 'stereo', seconds: 1 }, 10_000)
  converted.normaliser.close()
  await converted.until(11_900)
  await converted.send({ sampleRate: 48_000, layout: 'stereo', seconds: 1 }, 20_000)
  expect(Math.max(...converted.numbers)).toBeLessThan(frameAt(12_100))
})

it('lives through audio that is none', async () => {
  const converted = new Converted()
  const [header, ...tags] = await clickTags({ sampleRate: 48_000, layout: 'stereo', seconds: 4 })
  if (header) converted.normaliser.configure(header.data)
  tags.forEach((tag, index) => {
    const isBroken = index > 40 && index < 60
    converted.normaliser.push(
      10_000 + tag.timestampMs,
      isBroken ? Uint8Array.of(0xaf, 1, 1, 2, 3, index) : tag.data,
    )
  })
  await converted.until(13_500)
  const clicks = await findClicks(converted.frames, converted.numbers[0] ?? 0)
  expect(clicks.length).toBeGreaterThanOrEqual(3)
})
