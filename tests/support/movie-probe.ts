/** What ffprobe says of a movie: every packet's time, and how long it all is. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { z } from 'zod'

const run = promisify(execFile)

const probeSchema = z.object({
  format: z.object({ duration: z.coerce.number(), nb_streams: z.number() }),
  packets: z.array(
    z.object({ codec_type: z.string(), pts_time: z.coerce.number(), duration_time: z.coerce.number() }),
  ),
})

export interface MovieProbe {
  durationSec: number
  streams: number
  /** Start and length of each packet, seconds. */
  video: { time: number; duration: number }[]
  audio: { time: number; duration: number }[]
}

export async function probeMovie(file: string): Promise<MovieProbe> {
  const args = ['-v', 'error', '-show_format', '-show_packets', '-of', 'json', file]
  const { stdout } = await run('ffprobe', args, { maxBuffer: 256 * 1024 * 1024 })
  const { format, packets } = probeSchema.parse(JSON.parse(stdout))
  const of = (type: string): MovieProbe['video'] =>
    packets
      .filter(({ codec_type }) => codec_type === type)
      .map(({ pts_time, duration_time }) => ({ time: pts_time, duration: duration_time }))
  return { durationSec: format.duration, streams: format.nb_streams, video: of('video'), audio: of('audio') }
}

/** Packets that do not begin where the one before ends, to a tenth of a millisecond. */
export function holesOf(packets: MovieProbe['video']): string[] {
  return packets.slice(1).flatMap(({ time }, index) => {
    const before = packets[index]
    const due = before ? before.time + before.duration : time
    return Math.abs(time - due) < 1e-4 ? [] : [`${time}, due ${due}`]
  })
}

/** Decodes everything; what ffmpeg complains of. */
export async function decodeMovie(source: string): Promise<string> {
  const { stderr } = await run('ffmpeg', ['-v', 'error', '-xerror', '-i', source, '-f', 'null', '-'])
  return stderr
}
