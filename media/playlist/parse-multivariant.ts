/** Reads a multivariant playlist (RFC 8216bis, 4.4.6): variants and audio renditions; the rest is passed over. */
import { MediaError } from '../media-error.ts'
import { readAttributes, readLines, readNumber, readOptionalNumber, readRequired } from './lines.ts'

export interface ParsedVariant {
  uri: string
  bandwidth: number
  averageBandwidth: number | null
  codecs: string[]
  width: number | null
  height: number | null
  frameRate: number | null
  audioGroup: string | null
}

export interface ParsedRendition {
  type: string
  groupId: string
  name: string
  isDefault: boolean
  uri: string | null
}

export interface ParsedMultivariant {
  variants: ParsedVariant[]
  renditions: ParsedRendition[]
}

/** Throws `MediaError` when it is no multivariant playlist or a value that is needed cannot be read. */
export function parseMultivariant(text: string): ParsedMultivariant {
  const parsed: ParsedMultivariant = { variants: [], renditions: [] }
  let pending: Map<string, string> | null = null
  for (const line of readLines(text)) {
    if (line.kind === 'uri') {
      if (pending) parsed.variants.push(readVariant(line.uri, pending))
      pending = null
    } else if (line.name === 'EXT-X-STREAM-INF') pending = readAttributes(line.value)
    else if (line.name === 'EXT-X-MEDIA') parsed.renditions.push(readRendition(readAttributes(line.value)))
  }
  if (parsed.variants.length === 0) throw new MediaError('a multivariant playlist has at least one variant')
  return parsed
}

function readVariant(uri: string, attributes: Map<string, string>): ParsedVariant {
  const [width, height] = attributes.get('RESOLUTION')?.split('x') ?? []
  return {
    uri,
    bandwidth: readNumber(attributes.get('BANDWIDTH'), 'BANDWIDTH'),
    averageBandwidth: readOptionalNumber(attributes, 'AVERAGE-BANDWIDTH'),
    codecs: attributes.get('CODECS')?.split(',') ?? [],
    width: width === undefined ? null : readNumber(width, 'RESOLUTION'),
    height: width === undefined ? null : readNumber(height, 'RESOLUTION'),
    frameRate: readOptionalNumber(attributes, 'FRAME-RATE'),
    audioGroup: attributes.get('AUDIO') ?? null,
  }
}

function readRendition(attributes: Map<string, string>): ParsedRendition {
  return {
    type: readRequired(attributes, 'TYPE'),
    groupId: readRequired(attributes, 'GROUP-ID'),
    name: readRequired(attributes, 'NAME'),
    isDefault: attributes.get('DEFAULT') === 'YES',
    uri: attributes.get('URI') ?? null,
  }
}
