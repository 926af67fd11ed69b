import { describe, expect, it } from 'vitest'
import { encodeAacInit, PROGRAM_AUDIO } from '../../media/aac.ts'
import { encodeBox } from '../../media/box.ts'
import { asciiBytes, concatBytes } from '../../media/bytes.ts'
import { MediaError } from '../../media/media-error.ts'
import { readPart } from '../../media/part.ts'
import {
  createPackager,
  FIRST,
  FPS,
  sendAudio,
  sendVideo,
  SOUND,
  videoInit,
} from '../../tests/support/fed-packager.ts'
import { SILENT_FRAME } from '../program/audio-track.ts'
import { AUDIO_TRACK, EncodingChanged, MAX_PENDING_PARTS, type Packager } from './packager.ts'

function headOf(packager: Packager, name: string): number | null {
  const head = packager.find(name)?.track.head
  return head ? head.msn * 8 + head.part : null
}

describe('a part', () => {
  it('is published once every track has it, and only then', () => {
    const packager = createPackager()
    sendAudio(packager, FIRST, FIRST + 4)
    sendVideo(packager, '720p', FIRST, FIRST + 4)
    expect(packager.nextPart).toBe(FIRST)
    expect(packager.isPlayable).toBe(false)
    sendVideo(packager, '400p', FIRST, FIRST + 2)
    expect(packager.nextPart).toBe(FIRST + 2)
    expect(['audio', '720p', '400p'].map((name) => headOf(packager, name))).toEqual([
      FIRST + 1,
      FIRST + 1,
      FIRST + 1,
    ])
    expect(packager.isPlayable).toBe(true)
  })

  it('carries its numbers, its time and when it came in', () => {
    const packager = createPackager(['720p'])
    sendAudio(packager, FIRST, FIRST + 9)
    sendVideo(packager, '720p', FIRST, FIRST + 9)
    const bytes = packager.find('720p')?.track.find(5, 7)?.bytes
    expect(bytes && readPart(bytes).header).toMatchObject({
      track: '720p',
      msn: 5,
      part: 7,
      lastOfSegment: true,
      independent: false,
      captureTimeMs: 1_700_000_000_000 + Math.round((Math.ceil((47 * FPS) / 4) * 1000) / FPS),
    })
  })

  it('waits for the plan: audio alone is published when there is to be no video', () => {
    const packager = createPackager([])
    sendAudio(packager, FIRST, FIRST + 3)
    expect(packager.nextPart).toBe(FIRST)
    packager.open([])
    expect(packager.nextPart).toBe(FIRST + 3)
    expect(packager.isPlayable).toBe(true)
  })
})

describe('another encoder', () => {
  it('makes what the one before had cut and not every track had, in the same bytes', () => {
    const [whole, taken] = [createPackager(), createPackager()]
    for (const packager of [whole, taken]) sendAudio(packager, FIRST, FIRST + 20)
    for (const name of ['720p', '400p']) sendVideo(whole, name, FIRST, FIRST + 20)
    sendVideo(taken, '720p', FIRST, FIRST + 9)
    sendVideo(taken, '400p', FIRST, FIRST + 5)
    taken.resetVideo()
    expect(taken.nextPart).toBe(FIRST + 5)
    for (const name of ['720p', '400p']) taken.init(name, videoInit())
    for (const name of ['720p', '400p']) sendVideo(taken, name, FIRST + 5, FIRST + 20)
    expect(taken.nextPart).toBe(FIRST + 20)
    const bytesOf = (packager: Packager, k: number) => packager.find('720p')?.track.find(k >> 3, k & 7)?.bytes
    // The first part of the second encoder begins with a keyframe: the others are the same to the byte.
    for (const k of [FIRST, FIRST + 4, FIRST + 6, FIRST + 19])
      expect(bytesOf(taken, k)).toEqual(bytesOf(whole, k))
    expect(readPart(bytesOf(taken, FIRST + 5) ?? new Uint8Array()).header.independent).toBe(true)
  })

  it('that begins too early is not heard before its part', () => {
    const packager = createPackager(['720p'])
    sendAudio(packager, FIRST, FIRST + 20)
    sendVideo(packager, '720p', FIRST, FIRST + 8)
    packager.resetVideo()
    sendVideo(packager, '720p', FIRST + 3, FIRST + 10)
    expect(headOf(packager, '720p')).toBe(FIRST + 9)
  })

  it('that leaves a part out is an error, because nobody would ever make that part', () => {
    const packager = createPackager(['720p'])
    expect(() => sendVideo(packager, '720p', FIRST + 1, FIRST + 3)).toThrow(MediaError)
  })
})

describe('a track that is missing for long', () => {
  it('makes the others wait within a bound, and an error of it where they are video', () => {
    const packager = createPackager()
    sendAudio(packager, FIRST, FIRST + 2 * MAX_PENDING_PARTS)
    expect(() => sendVideo(packager, '720p', FIRST, FIRST + 2 * MAX_PENDING_PARTS)).toThrow(MediaError)
  })

  it('does not stop the program when it comes: audio that could not be kept is silent', () => {
    const packager = createPackager(['720p'])
    const last = FIRST + 3 * MAX_PENDING_PARTS
    sendAudio(packager, FIRST, last)
    sendVideo(packager, '720p', FIRST, last)
    expect(packager.nextPart).toBe(last)
    const { track } = packager.find(AUDIO_TRACK) ?? {}
    const silent = FIRST + 2 * MAX_PENDING_PARTS - 1
    expect(track?.find(silent >> 3, silent & 7)?.bytes?.slice(-SILENT_FRAME.length)).toEqual(SILENT_FRAME)
    expect(track?.find((last - 1) >> 3, (last - 1) & 7)?.bytes?.slice(-SOUND.length)).toEqual(SOUND)
  })
})

describe('the window', () => {
  it('keeps a minute, however long the program runs', () => {
    const packager = createPackager([])
    packager.open([])
    sendAudio(packager, FIRST, FIRST + 8 * 200)
    const { track } = packager.find(AUDIO_TRACK) ?? {}
    expect(track?.segments().length).toBeLessThanOrEqual(31)
    expect(track?.find(FIRST >> 3, 0)).toBeUndefined()
  })

  it('goes on with an encoder whose init segment differs in nothing that a decoder needs, and refuses another', () => {
    const packager = createPackager(['720p'])
    const before = packager.find('720p')?.track.init
    packager.init('720p', concatBytes([encodeBox('free', asciiBytes('Lavf60')), videoInit()]))
    expect(packager.find('720p')?.track.init).toBe(before)
    const other = videoInit()
    other[other.length - 1] = 0x28 // level 4.0
    expect(() => packager.init('720p', other)).toThrow(EncodingChanged)
    expect(packager.find('720p')?.track.init).toBe(before)
  })

  it('has the init segment of the program, whichever encoder sent it', () => {
    const packager = createPackager(['720p'])
    const before = packager.find('720p')?.track.init
    packager.init('720p', videoInit())
    expect(packager.find('720p')?.track.init).toBe(before)
    expect(packager.find('720p')?.codecs).toBe('avc1.4d401f')
    expect(packager.find('audio')?.track.init).toEqual(encodeAacInit(PROGRAM_AUDIO, 128))
  })

  it('is ended with the program', () => {
    const packager = createPackager(['720p'])
    sendAudio(packager, FIRST, FIRST + 3)
    sendVideo(packager, '720p', FIRST, FIRST + 3)
    packager.end()
    expect(packager.tracks().every(({ track }) => track.ended)).toBe(true)
  })
})
