/** Writes the multivariant playlist of a program (RFC 8216bis, 4.4.6): the video rungs, their one audio track, and audio alone. */
import { playlistUri } from './address.ts'

export interface VideoRung {
  /** Name of the track: `720p`. */
  track: string
  width: number
  height: number
  fps: number
  /** Peak and mean of the track alone, in bit/s. */
  bandwidth: number
  averageBandwidth: number
  /** RFC 6381: `avc1.4d401f`. */
  codec: string
}

export interface AudioRung {
  track: string
  bandwidth: number
  averageBandwidth: number
  /** RFC 6381: `mp4a.40.2`. */
  codec: string
  channels: number
}

export interface MultivariantView {
  program: string
  /** In the ladder's order; clients begin with the first. */
  video: readonly VideoRung[]
  audio: AudioRung | null
}

const VERSION = 9
const AUDIO_GROUP = 'audio'

/** Audio alone is a variant of its own too: for the narrowest networks, and the only one where the source has no picture. */
export function formatMultivariantPlaylist({ program, video, audio }: MultivariantView): string {
  const lines = ['#EXTM3U', `#EXT-X-VERSION:${VERSION}`, '#EXT-X-INDEPENDENT-SEGMENTS']
  const group = audio !== null && video.length > 0 ? `,AUDIO="${AUDIO_GROUP}"` : ''
  if (audio !== null && video.length > 0) {
    const uri = playlistUri(program, audio.track)
    lines.push(
      `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="${AUDIO_GROUP}",NAME="${audio.track}",DEFAULT=YES,AUTOSELECT=YES,` +
        `CHANNELS="${audio.channels}",URI="${uri}"`,
    )
  }
  for (const rung of video) {
    const codecs = audio === null ? rung.codec : `${rung.codec},${audio.codec}`
    const picture = `,RESOLUTION=${rung.width}x${rung.height},FRAME-RATE=${rung.fps.toFixed(3)}`
    lines.push(`#EXT-X-STREAM-INF:${formatRates(rung, audio)},CODECS="${codecs}"${picture}${group}`)
    lines.push(playlistUri(program, rung.track))
  }
  if (audio !== null) {
    lines.push(`#EXT-X-STREAM-INF:${formatRates(audio, null)},CODECS="${audio.codec}"${group}`)
    lines.push(playlistUri(program, audio.track))
  }
  return lines.join('\n') + '\n'
}

/** A variant's bandwidth is that of all its tracks together. */
function formatRates(rung: VideoRung | AudioRung, audio: AudioRung | null): string {
  const peak = Math.round(rung.bandwidth + (audio?.bandwidth ?? 0))
  const mean = Math.round(rung.averageBandwidth + (audio?.averageBandwidth ?? 0))
  return `BANDWIDTH=${peak},AVERAGE-BANDWIDTH=${mean}`
}
