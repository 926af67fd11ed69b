import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { deflateSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { captureLog, type CapturedLog } from '../../tests/support/log-lines.ts'
import { makeFile, pngOf, pointAt, textBomb } from '../../tests/support/slate-files.ts'
import { SILENT_FRAME } from '../program/audio-track.ts'
import { RoomRegistry } from '../room/registry.ts'
import { encodeClip } from './clip.ts'
import { Slates } from './slates.ts'

const PATIENT = { timeout: 120_000 }
const RED = 'color=red:s=320x180:r=30:d=1.2'

let dataDir: string
let log: CapturedLog
let rooms: RoomRegistry
let slates: Slates
let roomId: string

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'headwater-upload-'))
  log = captureLog()
  rooms = new RoomRegistry({ dataDir, logger: log.logger })
  slates = new Slates({ dataDir, rooms, logger: log.logger, now: () => 5000 })
  await rooms.start()
  roomId = (await rooms.create()).room.id
  await slates.start()
})
afterEach(async () => {
  await slates.close()
  await rooms.close()
  await rm(dataDir, { recursive: true, force: true })
})

describe('an uploaded picture', () => {
  it('is shown whole in the middle, is silent, and stays over a restart', PATIENT, async () => {
    const bytes = await makeFile('tall.jpg', 'color=red:s=90x180', { video: ['-frames:v', '1'] })
    const info = await slates.replace(roomId, async () => bytes)
    expect(info).toEqual({ kind: 'picture', type: 'jpeg', bytes: bytes.length, madeAtMs: 5000 })
    const clip = await slates.clip(roomId)
    expect(clip.video).toHaveLength(240)
    expect(new Set(clip.audio)).toEqual(new Set([SILENT_FRAME]))
    const { bytes: preview, type } = await slates.preview(roomId)
    expect(type).toBe('jpeg')
    const [left, middle, right] = await pixels(preview, [20, 320, 620])
    expect(isRed(middle)).toBe(true)
    expect([isRed(left), isRed(right)]).toEqual([false, false])

    const again = new Slates({ dataDir, rooms, logger: log.logger })
    expect(await again.clip(roomId)).toEqual(clip)
    expect(await again.info(roomId)).toEqual(info)
    await slates.reset(roomId)
    expect(await slates.info(roomId)).toEqual({ kind: 'built-in', language: 'en' })
    expect(await slates.clip(roomId)).toEqual(await slates.clip('another'))
  })

  it('goes with its room, also where that was deleted meanwhile', PATIENT, async () => {
    const bytes = await makeFile('a.png', RED, { video: ['-frames:v', '1'] })
    await slates.replace(roomId, async () => bytes)
    await rooms.delete(roomId)
    await slates.close()
    expect((await readdir(path.join(dataDir, 'slates'))).filter((name) => name.includes(roomId))).toEqual([])
    await writeFile(path.join(dataDir, 'slates', 'room-gone.slate'), 'left behind')
    slates = new Slates({ dataDir, rooms, logger: log.logger })
    await slates.start()
    expect(await readdir(path.join(dataDir, 'slates'))).not.toContain('room-gone.slate')
  })

  it('that is damaged on disk gives way to the built-in slate', PATIENT, async () => {
    const bytes = await makeFile('a.png', RED, { video: ['-frames:v', '1'] })
    await slates.replace(roomId, async () => bytes)
    const file = path.join(dataDir, 'slates', `room-${roomId}.slate`)
    await writeFile(file, (await readFile(file)).subarray(0, 9000))
    const again = new Slates({ dataDir, rooms, logger: log.logger })
    expect(await again.clip(roomId)).toEqual(await slates.clip('another'))
  })
})

describe('an uploaded clip', () => {
  it('that is short is looped with its sound', PATIENT, async () => {
    const bytes = await makeFile('a.webm', RED, {
      video: ['-c:v', 'libvpx', '-deadline', 'realtime'],
      audio: ['-c:a', 'libopus'],
    })
    const info = await slates.replace(roomId, async () => bytes)
    expect(info).toMatchObject({ kind: 'clip', type: 'webm' })
    const clip = await slates.clip(roomId)
    expect([clip.video.length, clip.audio.length]).toEqual([240, 375])
    // A tone all the way through, and whatever decodes the loop twice over has nothing to say.
    for (const volume of await loudness(encodeClip(clip))) expect(volume).toBeGreaterThan(-40)
  })
})

describe('a file that is no slate', () => {
  it.each([
    ['an HLS playlist that names a local file', '#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n'],
    ['a concat script', "ffconcat version 1.0\nfile '/etc/passwd'\n"],
    ['SVG', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>'],
    ['HTML', '<html><img src=x>'],
    ['nothing', ''],
    ['a ZIP', 'PK\u0003\u0004'],
    ['an SDP', 'v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n'],
  ])('%s is not looked at', async (_, text) => {
    const upload = slates.replace(roomId, async () => Buffer.from(text))
    await expect(upload).rejects.toMatchObject({ code: 'slate_unsupported' })
  })

  it.each([
    [
      'a PNG cut short',
      'slate_unreadable',
      () => picturePng().then((png) => png.subarray(0, png.length / 2)),
    ],
    ['a PNG of 30000×30000 pixels', 'slate_too_complex', async () => pngOf(30_000, 30_000, [emptyPixels()])],
    ['a PNG of 2×60000 pixels', 'slate_too_complex', async () => pngOf(2, 60_000, [emptyPixels()])],
    ['PNG magic and noise', 'slate_unreadable', () => noiseBehind([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10])],
    ['JPEG magic and noise', 'slate_unreadable', () => noiseBehind([0xff, 0xd8, 0xff, 0xe0])],
    [
      'GIF magic and noise, of many pixels',
      'slate_too_complex',
      () => noiseBehind([...Buffer.from('GIF89a')]),
    ],
    ['FLV magic and noise', 'slate_unreadable', () => noiseBehind([...Buffer.from('FLV\u0001')])],
    ['WebM magic and noise', 'slate_unreadable', () => noiseBehind([0x1a, 0x45, 0xdf, 0xa3])],
    ['MP4 magic and a playlist', 'slate_unreadable', async () => playlistBehindFtyp()],
    ['sound without a picture', 'slate_unreadable', () => makeSound()],
  ])('%s is refused with its reason', PATIENT, async (_, code, make) => {
    const bytes = await make()
    await expect(slates.replace(roomId, async () => bytes)).rejects.toMatchObject({ code })
    expect(await slates.info(roomId)).toMatchObject({ kind: 'built-in' })
  })

  it('a PNG with text that unpacks to a gigabyte takes no more memory than others', PATIENT, async () => {
    const bytes = pngOf(64, 64, [textBomb(512 * 1024 * 1024), textBomb(512 * 1024 * 1024), emptyPixels()])
    expect(bytes.length).toBeLessThan(2_000_000)
    // Text is passed over where it does not fit: what counts is that nothing else suffers (runtime/ffmpeg.ts has the limit).
    await slates
      .replace(roomId, async () => bytes)
      .catch((error: unknown) => {
        expect(error).toMatchObject({ code: expect.stringMatching(/^slate_/) })
      })
  })

  it('an MP4 that keeps its samples elsewhere opens neither file nor address', PATIENT, async () => {
    const asked: string[] = []
    const server = await listen((url) => asked.push(url))
    const { port } = server.address() as AddressInfo
    const mp4 = await makeFile('a.mp4', RED, { video: ['-c:v', 'libx264', '-preset', 'ultrafast'] })
    for (const address of [`http://127.0.0.1:${port}/a.mp4`, 'file:///etc/passwd', '/etc/passwd']) {
      // Refused or made of what the file itself holds: never of what it points at.
      await slates
        .replace(roomId, async () => pointAt(mp4, address))
        .catch((error: unknown) => {
          expect(error).toMatchObject({ code: expect.stringMatching(/^slate_/) })
        })
    }
    server.close()
    expect(asked).toEqual([])
  })
})

describe('uploads', () => {
  it('of one room come one at a time, and of all rooms few at once', async () => {
    const others = await Promise.all(Array.from({ length: 5 }, () => rooms.create()))
    const arrived: (() => void)[] = []
    const slow = (): Promise<Uint8Array> =>
      new Promise((resolve) => arrived.push(() => resolve(Buffer.from('nothing'))))
    const uploads = [roomId, ...others.slice(0, 4).map(({ room }) => room.id)].map((each) =>
      slates.replace(each, slow),
    )
    await expect(slates.replace(roomId, slow)).rejects.toMatchObject({ code: 'slate_busy' })
    const last = others.at(-1)?.room.id ?? ''
    await expect(slates.replace(last, slow)).rejects.toMatchObject({ code: 'slate_busy' })
    for (const arrive of arrived) arrive()
    for (const upload of uploads) await expect(upload).rejects.toMatchObject({ code: 'slate_unsupported' })
    await expect(slates.replace(last, async () => Buffer.from('x'))).rejects.toMatchObject({
      code: 'slate_unsupported',
    })
  })
})

function picturePng(): Promise<Buffer> {
  return makeFile('a.png', 'testsrc2=s=640x360', { video: ['-frames:v', '1'] })
}

function makeSound(): Promise<Buffer> {
  return makeFile('a.m4a', 'nullsrc=d=1', { video: ['-vn'], audio: ['-c:a', 'aac', '-t', '1'] })
}

function emptyPixels(): [string, Uint8Array] {
  return ['IDAT', deflateSync(Buffer.alloc(1024))]
}

async function noiseBehind(magic: readonly number[]): Promise<Buffer> {
  const noise = Array.from({ length: 20_000 }, (_, index) => (index * 7919 + (index >> 3) * 31) & 0xff)
  return Buffer.from([...magic, ...noise])
}

function playlistBehindFtyp(): Buffer {
  return Buffer.concat([
    Buffer.from([0, 0, 0, 16]),
    Buffer.from('ftypisom\0\0\0\0'),
    Buffer.from('#EXTM3U\n#EXTINF:1,\n/etc/passwd\n'),
  ])
}

/** Colours along the middle line of a picture 640 wide. */
async function pixels(jpeg: Buffer, columns: readonly number[]): Promise<(readonly number[])[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'headwater-pixels-'))
  const file = path.join(folder, 'a.jpg')
  await writeFile(file, jpeg)
  const args = ['-v', 'error', '-i', file, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-']
  const { stdout } = await promisify(execFile)('ffmpeg', args, { encoding: 'buffer', maxBuffer: 1e7 })
  await rm(folder, { recursive: true })
  return columns.map((x) => [...stdout.subarray((180 * 640 + x) * 3, (180 * 640 + x) * 3 + 3)])
}

function isRed(colour: readonly number[] | undefined): boolean {
  const [red = 0, green = 0, blue = 0] = colour ?? []
  return red > 180 && green < 60 && blue < 60
}

/** Mean volume of each half second, dB; throws where the decoder complains. */
async function loudness(flv: Uint8Array): Promise<number[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'headwater-loudness-'))
  const file = path.join(folder, 'a.flv')
  await writeFile(file, flv)
  const filter =
    'asetnsamples=24000,astats=metadata=1:reset=1,ametadata=print:key=lavfi.astats.Overall.RMS_level:file=-'
  const args = ['-v', 'warning', '-i', file, '-af', filter, '-f', 'null', '-']
  const { stdout, stderr } = await promisify(execFile)('ffmpeg', args)
  await rm(folder, { recursive: true })
  expect(stderr).toBe('')
  return [...stdout.matchAll(/RMS_level=(-?[\d.]+)/g)].map(([, level]) => Number(level))
}

function listen(onAsked: (url: string) => void): Promise<Server> {
  const server = createServer((req, res) => {
    onAsked(req.url ?? '')
    res.end()
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}
