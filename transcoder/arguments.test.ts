import { describe, expect, it } from 'vitest'
import { encoderArguments } from './arguments.ts'
import { OUTPUT_RATES, type Rendition } from './ladder.ts'

function argumentsFor(firstPart: number, fps: number) {
  const ladder: Rendition[] = [
    { name: '720p', width: 1280, height: 720, fps, bitrateKbps: 1500 },
    { name: '400p', width: 712, height: 400, fps, bitrateKbps: 500 },
  ]
  const intakeUrl = (name: string): string => `http://127.0.0.1:1/${name}`
  return encoderArguments({ ladder, preset: 'veryfast', firstPart, intakeUrl, intakeToken: 'secret' })
}

function optionOf(options: readonly string[], name: string): string {
  return options[options.indexOf(name) + 1] ?? ''
}

describe('the encoder’s first frame', () => {
  it.each([
    [40, 30, 300],
    [41, 30, 308],
    [47, 30, 353],
    [41, 25, 257],
    [43, 24, 258],
    [41, 50, 513],
    [41, 60, 615],
  ])('of part %i at %i fps is slot %i', (firstPart, fps, slot) => {
    expect(argumentsFor(firstPart, fps).complexFilter).toContain(`trim=start_pts=${slot},`)
  })

  it('is never before the part, and less than a frame behind its beginning', () => {
    for (const fps of OUTPUT_RATES) {
      for (let part = 40; part < 100; part++) {
        const slot = Number(/start_pts=(\d+)/.exec(argumentsFor(part, fps).complexFilter)?.[1])
        expect(slot / fps - part / 4).toBeGreaterThanOrEqual(0)
        expect(slot / fps - part / 4).toBeLessThan(1 / fps)
      }
    }
  })

  it('is there however late the feed begins: its first picture is repeated from a whole second before', () => {
    expect(argumentsFor(47, 30).complexFilter).toContain('fps=30:start_time=11,')
  })
})

describe('keyframes', () => {
  it('lie on the grid of segments, wherever the encoder begins', () => {
    for (const fps of OUTPUT_RATES) {
      for (const part of [40, 41, 46, 47, 48, 1003]) {
        const { complexFilter, outputs } = argumentsFor(part, fps)
        const slot = Number(/start_pts=(\d+)/.exec(complexFilter)?.[1])
        const phase = Number(
          /gte\(t\+([\d.]+),/.exec(optionOf(outputs[0]?.options ?? [], '-force_key_frames'))?.[1],
        )
        expect(keyframes(slot, fps, phase).slice(1)).toEqual(gridFrames(slot, fps))
      }
    }
  })

  it('come from nothing else', () => {
    const [output] = argumentsFor(40, 30).outputs
    expect(optionOf(output?.options ?? [], '-sc_threshold')).toBe('0')
    expect(Number(optionOf(output?.options ?? [], '-g'))).toBeGreaterThan(4 * 60)
  })
})

/** What ffmpeg makes of `gte(t+phase,n_forced*2)`: the frames of six seconds, the first of which is always one. */
function keyframes(slot: number, fps: number, phase: number): number[] {
  const forced: number[] = []
  for (let n = 0; n < 6 * fps; n++) if (n / fps + phase >= forced.length * 2) forced.push(slot + n)
  return forced
}

/** Frames on the grid of two seconds, behind the first frame. */
function gridFrames(slot: number, fps: number): number[] {
  return Array.from({ length: 6 * fps - 1 }, (_, index) => slot + 1 + index).filter(
    (frame) => frame % (2 * fps) === 0,
  )
}

describe('every rung', () => {
  it('is put to its own address, with the encoder’s token in a header', () => {
    const { outputs } = argumentsFor(40, 30)
    expect(outputs.map(({ target }) => target)).toEqual([
      'http://127.0.0.1:1/720p',
      'http://127.0.0.1:1/400p',
    ])
    for (const { target, options } of outputs) {
      expect(optionOf(options, '-headers')).toBe('Authorization: Bearer secret\r\n')
      expect(target).not.toContain('secret')
    }
  })

  it('is fitted into its size, also at the source’s: the next source may have another', () => {
    expect(argumentsFor(40, 30).complexFilter).toMatch(/scale=.*pad=1280:720:.*;.*scale=.*pad=712:400:/)
  })

  it('has no B-frames and a moof a frame', () => {
    for (const { options } of argumentsFor(40, 30).outputs) {
      expect(optionOf(options, '-tune')).toBe('zerolatency')
      expect(optionOf(options, '-movflags')).toContain('frag_every_frame')
    }
  })
})
