/** Files that a streamer may upload as a slate, and files that somebody with bad intent would. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import { encodeBox, encodeFullBox, readBoxes } from '../../media/box.ts'
import { asciiBytes, concatBytes, u32Bytes } from '../../media/bytes.ts'
import { runFfmpeg } from '../../runtime/ffmpeg.ts'

/** What ffmpeg makes of a lavfi picture, and a tone of the same length when there is a codec for it. */
export async function makeFile(
  name: string,
  picture: string,
  options: { video?: readonly string[]; audio?: readonly string[] } = {},
): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'headwater-slate-file-'))
  const target = path.join(folder, name)
  const lavfi = ['-hide_banner', '-loglevel', 'error', '-f', 'lavfi']
  const { exited } = runFfmpeg({
    input: picture,
    inputOptions: lavfi,
    moreInputs: options.audio ? [{ input: 'sine=frequency=440', inputOptions: ['-f', 'lavfi'] }] : [],
    outputs: [
      { target, options: [...(options.video ?? []), ...(options.audio ?? ['-an']), '-shortest', '-y'] },
    ],
  })
  const { error } = await exited
  if (error !== null) throw new Error(error)
  const bytes = await readFile(target)
  await rm(folder, { recursive: true })
  return bytes
}

/** A PNG that says it is so large, with whatever chunks (ISO/IEC 15948, 5.3) behind its header. */
export function pngOf(width: number, height: number, chunks: readonly [string, Uint8Array][]): Buffer {
  const header = concatBytes([u32Bytes(width, height), Uint8Array.of(8, 2, 0, 0, 0)])
  const all: [string, Uint8Array][] = [['IHDR', header], ...chunks, ['IEND', new Uint8Array(0)]]
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
  return Buffer.concat([signature, ...all.map(([type, data]) => encodeChunk(type, data))])
}

/** Text that is a thousand times as long when it is unpacked. */
export function textBomb(bytes: number): [string, Uint8Array] {
  return ['zTXt', concatBytes([asciiBytes('Comment\0\0'), deflateSync(Buffer.alloc(bytes))])]
}

/** An MP4 whose samples lie in another file, as its data references say (ISO/IEC 14496-12, 8.7.2). */
export function pointAt(mp4: Uint8Array, address: string): Uint8Array {
  const url = encodeFullBox('url ', { flags: 0 }, asciiBytes(`${address}\0`))
  return rewrite(mp4, url)
}

const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'dinf'])

function rewrite(bytes: Uint8Array, url: Uint8Array): Uint8Array {
  return concatBytes(
    readBoxes(bytes).map((box) => {
      if (box.type === 'dref') return encodeFullBox('dref', {}, u32Bytes(1), url)
      if (CONTAINERS.has(box.type)) return encodeBox(box.type, rewrite(box.payload, url))
      return bytes.subarray(box.start, box.end)
    }),
  )
}

function encodeChunk(type: string, data: Uint8Array): Uint8Array {
  const body = concatBytes([asciiBytes(type), data])
  return concatBytes([u32Bytes(data.length), body, u32Bytes(crc32(body))])
}
