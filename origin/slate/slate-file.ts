/** What an uploaded file is, by its first bytes alone: its name and its Content-Type are claims. */

/** A kind of file and the one demuxer that may read it. */
export interface SlateFile {
  type: 'png' | 'jpeg' | 'gif' | 'webp' | 'mp4' | 'webm' | 'flv'
  isClip: boolean
  /** ffmpeg's name of the demuxer, as `-f` takes it. */
  demuxer: string
  /** All of its names, as `-format_whitelist` compares them. */
  demuxerNames: string
  /** The decoders that may be opened, ffmpeg's names. */
  decoders: string
}

const AUDIO_DECODERS = 'aac,mp3float,mp3,opus,libopus,vorbis,flac,pcm_s16le,pcm_s24le'
const CLIP_DECODERS = `h264,hevc,vp8,vp9,av1,libdav1d,libaom-av1,mpeg4,mjpeg,${AUDIO_DECODERS}`

/** A kind of file with what its bytes must begin with; null is any byte. */
const KINDS: readonly { magic: readonly (number | null)[]; file: SlateFile }[] = [
  { magic: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], file: picture('png', 'png_pipe', 'png') },
  { magic: [0xff, 0xd8, 0xff], file: picture('jpeg', 'jpeg_pipe', 'mjpeg') },
  { magic: ascii('RIFF....WEBP'), file: picture('webp', 'webp_pipe', 'webp') },
  { magic: ascii('GIF87a'), file: clip('gif', 'gif', 'gif') },
  { magic: ascii('GIF89a'), file: clip('gif', 'gif', 'gif') },
  { magic: ascii('....ftyp'), file: clip('mp4', 'mov', 'mov,mp4,m4a,3gp,3g2,mj2') },
  { magic: [0x1a, 0x45, 0xdf, 0xa3], file: clip('webm', 'matroska', 'matroska,webm') },
  { magic: ascii('FLV\u0001'), file: clip('flv', 'flv', 'flv') },
]

/** Null for everything that is not taken: SVG, playlists, scripts, text, archives. */
export function recogniseSlateFile(bytes: Uint8Array): SlateFile | null {
  const kind = KINDS.find(({ magic }) => magic.every((byte, index) => byte === null || byte === bytes[index]))
  return kind?.file ?? null
}

function picture(type: SlateFile['type'], demuxer: string, decoders: string): SlateFile {
  return { type, isClip: false, demuxer, demuxerNames: demuxer, decoders }
}

function clip(type: SlateFile['type'], demuxer: string, demuxerNames: string): SlateFile {
  return { type, isClip: true, demuxer, demuxerNames, decoders: type === 'gif' ? 'gif' : CLIP_DECODERS }
}

/** A dot is any byte. */
function ascii(text: string): (number | null)[] {
  return [...text].map((character) => (character === '.' ? null : character.charCodeAt(0)))
}
