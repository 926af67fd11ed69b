/** The multivariant playlist as the player needs it: which renditions there are and which tracks they play on. */
import { parseMultivariant } from '../../media/playlist/parse-multivariant.ts'
import type { ParsedVariant } from '../../media/playlist/parse-multivariant.ts'
import { PlayerError } from '../player-error.ts'

export interface MasterRendition {
  /** the track's name, the last folder of its address */
  name: string
  /** the shorter side of the picture; 0 for sound alone */
  height: number
  bitrateKbps: number
}

export interface Master {
  /** as it came: hls.js reads it itself */
  text: string
  /** absolute address it came from */
  address: string
  program: string
  /** video renditions, best first; a program of sound alone has one, of height 0 */
  renditions: MasterRendition[]
  /** the track of sound beside the picture */
  audioTrack: string | null
}

export interface TrackAddress {
  program: string
  track: string
  /** absolute, with its slash */
  folder: string
}

const TRACK_ADDRESS = /\/live\/[A-Za-z0-9_-]{1,64}\/([a-z0-9]{1,64})\/([a-z0-9]{1,16})\/[^/]+$/

/** Throws `PlayerError` when there is no playlist in the text. */
export function parseMaster(text: string, address: string): Master {
  const parsed = read(text)
  const located = parsed.variants.flatMap((variant) => {
    const at = locate(variant.uri, address)
    return at ? [{ variant, at }] : []
  })
  const pictures = located.filter(({ variant }) => variant.width !== null)
  const shown = pictures.length > 0 ? pictures : located
  const program = shown[0]?.at.program
  if (program === undefined) throw new PlayerError('answer_malformed', 'no variant has an address of ours')
  const sound = parsed.renditions.find(({ type, uri }) => type === 'AUDIO' && uri !== null)
  return {
    text,
    address,
    program,
    renditions: shown
      .map(({ variant, at }) => viewRendition(variant, at.track))
      .sort((a, b) => b.bitrateKbps - a.bitrateKbps),
    audioTrack: (pictures.length > 0 && sound?.uri ? locate(sound.uri, address)?.track : null) ?? null,
  }
}

/** Program, track and folder of anything in a track's folder, or null. */
export function locate(uri: string, base: string): TrackAddress | null {
  if (uri === '' || !URL.canParse(uri, base)) return null
  const address = new URL(uri, base)
  const [, program, track] = TRACK_ADDRESS.exec(address.pathname) ?? []
  if (!program || !track) return null
  return { program, track, folder: new URL('.', address).href }
}

function read(text: string): ReturnType<typeof parseMultivariant> {
  try {
    return parseMultivariant(text)
  } catch (cause) {
    throw new PlayerError('answer_malformed', 'not a multivariant playlist', { cause })
  }
}

function viewRendition(variant: ParsedVariant, name: string): MasterRendition {
  const { width, height, averageBandwidth, bandwidth } = variant
  const shorter = Math.min(width ?? 0, height ?? 0)
  return { name, height: shorter, bitrateKbps: Math.round((averageBandwidth ?? bandwidth) / 1000) }
}
