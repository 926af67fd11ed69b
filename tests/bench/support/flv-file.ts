/** The stream of the FLV benchmarks. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** 20 s of a constant 2.4 Mbit/s and a tone: what a streamer's encoder sends, without the encoder. */
export function makeFlv(): { folder: string; file: string } {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-bench-'))
  const file = join(folder, 'in.flv')
  const video =
    '-f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440:sample_rate=48000 -t 20'
  const codec = '-c:v libx264 -preset ultrafast -bf 0 -g 60 -keyint_min 60 -sc_threshold 0 -pix_fmt yuv420p'
  const rate =
    '-b:v 2400k -minrate 2400k -maxrate 2400k -bufsize 1200k -x264-params nal-hrd=cbr -c:a aac -b:a 128k -ac 2'
  const args = `-y -v error ${video} ${codec} ${rate} -f flv`.split(' ')
  const { status } = spawnSync('ffmpeg', [...args, file], { stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error('ffmpeg could not make the stream')
  return { folder, file }
}
