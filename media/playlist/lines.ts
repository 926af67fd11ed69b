/** The lexical part of a playlist (RFC 8216bis, 4.1 and 4.2): lines, tags and attribute lists. */
import { MediaError } from '../media-error.ts'

export type PlaylistLine = { kind: 'tag'; name: string; value: string } | { kind: 'uri'; uri: string }

/** An hour of parts is half of this. */
const MAX_PLAYLIST_CHARS = 4_000_000
const ATTRIBUTE = /([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]*)/g

/** Comments and empty lines are left out. Throws `MediaError` when it is no playlist at all. */
export function readLines(text: string): PlaylistLine[] {
  if (text.length > MAX_PLAYLIST_CHARS)
    throw new MediaError(`playlist of ${text.length} characters, at most ${MAX_PLAYLIST_CHARS}`)
  const [first, ...rest] = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  if (first?.trim() !== '#EXTM3U') throw new MediaError('a playlist begins with #EXTM3U')
  return rest.map((line) => line.trim()).flatMap(readLine)
}

function readLine(line: string): PlaylistLine[] {
  if (line === '') return []
  if (!line.startsWith('#')) return [{ kind: 'uri', uri: line }]
  if (!line.startsWith('#EXT')) return []
  const colon = line.indexOf(':')
  if (colon < 0) return [{ kind: 'tag', name: line.slice(1), value: '' }]
  return [{ kind: 'tag', name: line.slice(1, colon), value: line.slice(colon + 1) }]
}

/** An attribute list, quotes taken off. */
export function readAttributes(value: string): Map<string, string> {
  const attributes = new Map<string, string>()
  for (const [, name, raw] of value.matchAll(ATTRIBUTE))
    if (name !== undefined && raw !== undefined) attributes.set(name, raw.replace(/^"|"$/g, ''))
  return attributes
}

/** Throws `MediaError` when it is not a decimal number of at least 0. */
export function readNumber(value: string | undefined, what: string): number {
  const number = value === undefined || value === '' ? NaN : Number(value)
  if (!Number.isFinite(number) || number < 0)
    throw new MediaError(`${what} is ${value ?? 'missing'}, not a number`)
  return number
}

/** null when the attribute is not there. */
export function readOptionalNumber(attributes: Map<string, string>, name: string): number | null {
  const value = attributes.get(name)
  return value === undefined ? null : readNumber(value, name)
}

/** Throws `MediaError` when the attribute is not there. */
export function readRequired(attributes: Map<string, string>, name: string): string {
  const value = attributes.get(name)
  if (value === undefined) throw new MediaError(`attribute ${name} is missing`)
  return value
}
