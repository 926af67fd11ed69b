import { afterEach, describe, expect, it } from 'vitest'
import { readPart } from '../../media/part.ts'
import { videoHeaderTag, videoTag } from '../../tests/support/flv-tags.ts'
import { createPackager, FIRST, FPS, sendAll } from '../../tests/support/fed-packager.ts'
import { captureLog } from '../../tests/support/log-lines.ts'
import { frameAt, frameTimeMs } from './audio-track.ts'
import { Program } from './program.ts'
import type { RestoredProgram } from './restored-program.ts'

const EPOCH_MS = 1_700_000_000_000
const WINDOW_MS = 300_000
const opened: Program[] = []

afterEach(() => {
  for (const program of opened.splice(0)) program.close()
})

function leftAt(nextPart: number): RestoredProgram {
  const packager = createPackager(['720p'])
  sendAll(packager, FIRST, nextPart)
  const tracks = packager.tracks().map(({ track }) => ({
    name: track.name,
    init: track.init ?? new Uint8Array(0),
    parts: track
      .segments()
      .flatMap(({ msn }) => track.findSegment(msn)?.parts ?? [])
      .flatMap(({ bytes }) => (bytes ? [readPart(bytes)] : [])),
  }))
  return {
    id: 'p1a2b3c4',
    roomId: 'room',
    startedAtMs: EPOCH_MS + 10_000,
    epochMs: EPOCH_MS,
    nextPart,
    plan: {
      fps: FPS,
      source: { width: 1280, height: 720 },
      renditions: [{ name: '720p', width: 1280, height: 720, fps: FPS, bitrateKbps: 1500 }],
      notices: [],
    },
    tracks,
    interruptions: 1,
    interruptedAtMs: EPOCH_MS + nextPart * 250,
    windowEndsAtMs: null,
  }
}

function goOn(restored: RestoredProgram, now: () => number, onEncodingNeeded = (): void => {}): Program {
  const program = new Program({
    id: restored.id,
    roomId: restored.roomId,
    limits: { maxBitrateKbps: 20_000, firstKeyframeTimeoutMs: 10_000, audioBitrateKbps: 128 },
    windowSeconds: 60,
    settings: () => ({ slateAfterMs: null, reconnectWindowMs: WINDOW_MS }),
    slate: null,
    sign: () => new Uint8Array(64),
    logger: captureLog().logger,
    now,
    restored,
    onEncodingNeeded,
    onChange: () => {},
    onRefused: () => {},
  })
  opened.push(program)
  return program
}

describe('a program that goes on after a restart', () => {
  it('is interrupted since its last part, and serves what it served', () => {
    const restored = leftAt(FIRST + 13)
    const program = goOn(restored, () => restored.interruptedAtMs + 3000)
    expect(program).toMatchObject({ state: 'interrupted', epochMs: EPOCH_MS, plan: restored.plan })
    expect(program.facts()).toMatchObject({
      programId: restored.id,
      startedAtMs: restored.startedAtMs,
      interruptedAtMs: restored.interruptedAtMs,
    })
    expect(program.windowEndsAtMs).toBe(restored.interruptedAtMs + WINDOW_MS)
    expect(program.packager.nextPart).toBe(FIRST + 13)
    expect(program.packager.isPlayable).toBe(true)
    for (const { name, init, parts } of restored.tracks) {
      const track = program.packager.find(name)?.track
      expect(track?.init).toBe(init)
      const listed = track?.segments().flatMap(({ msn }) => track.findSegment(msn)?.parts ?? [])
      expect(listed).toEqual(parts)
    }
  })

  it.each([FIRST + 8, FIRST + 13, FIRST + 14, FIRST + 15])(
    'begins its next video and audio at exactly part %i',
    (nextPart) => {
      const restored = leftAt(nextPart)
      let nowMs = restored.interruptedAtMs + 5000
      let jobs = 0
      const program = goOn(
        restored,
        () => nowMs,
        () => jobs++,
      )
      const audio: number[] = []
      program.flvLog.follow((tag) => tag.type === 'audio' && audio.push(tag.timestampMs))
      const source = program.connect('obs')
      source.receive(videoHeaderTag())
      for (let frame = 0; frame < 60; frame++) {
        source.receive(videoTag(777 + Math.round((frame * 1000) / FPS), { keyframe: frame === 0 }))
        nowMs += 1000 / FPS
      }
      const slot = Math.ceil((nextPart * FPS) / 4)
      const [, first] = program.videoLog.since(nextPart * 250)
      expect(first?.timestampMs).toBe(Math.round((slot * 1000) / FPS))
      expect(audio[0]).toBe(Math.round(frameTimeMs(frameAt(nextPart * 250))))
      expect(jobs).toBe(1)
    },
  )

  it('waits on when a publisher comes and goes before anything of it was seen', () => {
    const restored = leftAt(FIRST + 13)
    const program = goOn(restored, () => restored.interruptedAtMs + 3000)
    program.disconnect(program.connect('obs'), 'gone')
    expect(program).toMatchObject({ state: 'interrupted', wasPlayable: true })
  })

  it('waits with a source that would run ahead of the clock on the wall', () => {
    const restored = leftAt(FIRST + 40)
    const program = goOn(restored, () => restored.interruptedAtMs - 4000)
    const source = program.connect('obs')
    source.receive(videoHeaderTag())
    source.receive(videoTag(0, { keyframe: true }))
    expect(program.videoLog.since(Infinity)).toHaveLength(0)
  })
})
