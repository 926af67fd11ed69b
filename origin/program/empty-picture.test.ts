import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { parseVideoHeader } from '../../media/flv-tag.ts'
import { FlvParser } from '../../media/flv-stream.ts'
import { EmptyPicture } from './empty-picture.ts'

const SECONDS = 6
/** About as much as a word of four letters. */
const TEXT = [40, 52, 70, 84, 100, 118]
  .map(
    (x, index) =>
      `drawbox=x=${x}:y=${40 + (index % 3)}:w=${8 + (index % 4)}:h=${14 + index}:color=white:t=${1 + (index % 3)}`,
  )
  .join(',')

/** How long each of the pictures of a source is called empty at its end, encoded as streamers do. */
function emptyForMs(source: string, options: readonly string[] = [], size = '1280x720'): number {
  const flv = execFileSync(
    'ffmpeg',
    [
      ...['-v', 'error', '-f', 'lavfi', '-i', source.replace('SIZE', `s=${size}:r=4`)],
      ...['-t', `${SECONDS}`, '-c:v', 'libx264', '-preset', 'veryfast', '-b:v', '2500k', ...options],
      ...['-pix_fmt', 'yuv420p', '-g', '8', '-f', 'flv', 'pipe:1'],
    ],
    { maxBuffer: 64 * 2 ** 20 },
  )
  const picture = new EmptyPicture()
  for (const tag of new FlvParser().push(flv)) {
    if (tag.type !== 'video') continue
    const header = parseVideoHeader(tag.data)
    const payload = tag.data.subarray(header.payloadOffset)
    if (header.kind === 'sequence-header') picture.configure(payload)
    else if (header.kind === 'frames')
      picture.observe(payload, { dtsMs: tag.timestampMs, keyframe: header.keyframe })
  }
  return picture.emptyForMs
}

it.each([
  ['black', 'color=black:SIZE', []],
  ['of one colour', 'color=blue:SIZE', []],
  ['black, in no more than 640×360', 'color=black:s=640x360:r=4', []],
  ['black, as OBS sends it without delay', 'color=black:SIZE', ['-tune', 'zerolatency']],
] as [string, string, string[]][])('a picture that is %s is empty', (_, source, options) => {
  expect(emptyForMs(source, options)).toBeGreaterThan((SECONDS - 1) * 1000)
})

it.each([
  ['a slide with a word in a corner', `color=black:SIZE,${TEXT}`],
  ['such a slide in 640×360', `color=black:s=640x360:r=4,${TEXT}`],
  ['a dark scene, with the noise of a camera', 'color=black:SIZE,noise=alls=2:allf=t'],
  ['a dark gradient', 'gradients=SIZE:c0=0x000000:c1=0x101020:speed=0.00001'],
  ['a test picture, nearly black', 'testsrc2=SIZE,eq=brightness=-0.8'],
  ['a picture that was black at first', "testsrc2=SIZE,drawbox=enable='lt(t,4)':color=black:t=fill"],
])('%s is not', (_, source) => {
  expect(emptyForMs(source)).toBe(0)
})

it('nothing is said of small pictures, in which headers count for more than what they head', () => {
  expect(emptyForMs('color=black:SIZE', [], '320x180')).toBe(0)
})
