/** Reads a media playlist (RFC 8216bis, 4.4): what this project's own playlists have; tags it does not know are passed over. */
import { MediaError } from '../media-error.ts'
import { readAttributes, readLines, readNumber, readOptionalNumber, readRequired } from './lines.ts'

export interface ParsedPart {
  uri: string
  durationSec: number
  independent: boolean
  gap: boolean
}

export interface ParsedSegment {
  msn: number
  /** null: not finished, only its parts are listed. */
  uri: string | null
  /** EXTINF; null: not finished. */
  durationSec: number | null
  programDateTimeMs: number | null
  gap: boolean
  parts: ParsedPart[]
}

export interface RenditionReport {
  uri: string
  lastMsn: number
  lastPart: number | null
}

export interface ParsedMediaPlaylist {
  version: number
  targetDurationSec: number
  partTargetSec: number | null
  canBlockReload: boolean
  canSkipUntilSec: number | null
  holdBackSec: number | null
  partHoldBackSec: number | null
  mediaSequence: number
  independentSegments: boolean
  mapUri: string | null
  /** Of a delta update: segments left out before the first listed one. */
  skippedSegments: number
  segments: ParsedSegment[]
  /** URI of the part to come. */
  preloadHint: string | null
  renditionReports: RenditionReport[]
  ended: boolean
}

interface Reading {
  playlist: ParsedMediaPlaylist
  /** What has been said of the segment that no URI has closed yet. */
  open: Omit<ParsedSegment, 'msn' | 'uri'>
}

/** Throws `MediaError` when it is no media playlist or a value that is needed cannot be read. */
export function parseMediaPlaylist(text: string): ParsedMediaPlaylist {
  const reading: Reading = { playlist: emptyPlaylist(), open: emptySegment() }
  for (const line of readLines(text)) {
    if (line.kind === 'uri') closeSegment(reading, line.uri)
    else READERS[line.name]?.(reading, line.value)
  }
  const { playlist, open } = reading
  if (playlist.targetDurationSec === 0) throw new MediaError('a media playlist has EXT-X-TARGETDURATION')
  if (open.parts.length > 0) closeSegment(reading, null)
  playlist.segments.forEach((segment, index) => {
    segment.msn = playlist.mediaSequence + playlist.skippedSegments + index
  })
  return playlist
}

function emptyPlaylist(): ParsedMediaPlaylist {
  return {
    version: 1,
    targetDurationSec: 0,
    partTargetSec: null,
    canBlockReload: false,
    canSkipUntilSec: null,
    holdBackSec: null,
    partHoldBackSec: null,
    mediaSequence: 0,
    independentSegments: false,
    mapUri: null,
    skippedSegments: 0,
    segments: [],
    preloadHint: null,
    renditionReports: [],
    ended: false,
  }
}

function emptySegment(): Reading['open'] {
  return { durationSec: null, programDateTimeMs: null, gap: false, parts: [] }
}

function closeSegment(reading: Reading, uri: string | null): void {
  if (uri !== null && reading.open.durationSec === null) throw new MediaError(`segment ${uri} has no EXTINF`)
  reading.playlist.segments.push({ msn: 0, uri, ...reading.open })
  reading.open = emptySegment()
}

const READERS: Record<string, (reading: Reading, value: string) => void> = {
  'EXT-X-VERSION': ({ playlist }, value) => {
    playlist.version = readNumber(value, 'EXT-X-VERSION')
  },
  'EXT-X-TARGETDURATION': ({ playlist }, value) => {
    playlist.targetDurationSec = readNumber(value, 'EXT-X-TARGETDURATION')
  },
  'EXT-X-SERVER-CONTROL': ({ playlist }, value) => {
    const attributes = readAttributes(value)
    playlist.canBlockReload = attributes.get('CAN-BLOCK-RELOAD') === 'YES'
    playlist.canSkipUntilSec = readOptionalNumber(attributes, 'CAN-SKIP-UNTIL')
    playlist.holdBackSec = readOptionalNumber(attributes, 'HOLD-BACK')
    playlist.partHoldBackSec = readOptionalNumber(attributes, 'PART-HOLD-BACK')
  },
  'EXT-X-PART-INF': ({ playlist }, value) => {
    playlist.partTargetSec = readOptionalNumber(readAttributes(value), 'PART-TARGET')
  },
  'EXT-X-MEDIA-SEQUENCE': ({ playlist }, value) => {
    playlist.mediaSequence = readNumber(value, 'EXT-X-MEDIA-SEQUENCE')
  },
  'EXT-X-INDEPENDENT-SEGMENTS': ({ playlist }) => {
    playlist.independentSegments = true
  },
  'EXT-X-SKIP': ({ playlist }, value) => {
    playlist.skippedSegments = readNumber(readAttributes(value).get('SKIPPED-SEGMENTS'), 'SKIPPED-SEGMENTS')
  },
  'EXT-X-MAP': ({ playlist }, value) => {
    playlist.mapUri = readRequired(readAttributes(value), 'URI')
  },
  'EXT-X-PROGRAM-DATE-TIME': ({ open }, value) => {
    const ms = Date.parse(value)
    if (Number.isNaN(ms)) throw new MediaError(`EXT-X-PROGRAM-DATE-TIME is ${value}, not a date`)
    open.programDateTimeMs = ms
  },
  'EXT-X-GAP': ({ open }) => {
    open.gap = true
  },
  'EXT-X-PART': ({ open }, value) => {
    const attributes = readAttributes(value)
    open.parts.push({
      uri: readRequired(attributes, 'URI'),
      durationSec: readNumber(attributes.get('DURATION'), 'DURATION'),
      independent: attributes.get('INDEPENDENT') === 'YES',
      gap: attributes.get('GAP') === 'YES',
    })
  },
  EXTINF: ({ open }, value) => {
    open.durationSec = readNumber(value.split(',')[0], 'EXTINF')
  },
  'EXT-X-PRELOAD-HINT': ({ playlist }, value) => {
    const attributes = readAttributes(value)
    if (attributes.get('TYPE') === 'PART') playlist.preloadHint = readRequired(attributes, 'URI')
  },
  'EXT-X-RENDITION-REPORT': ({ playlist }, value) => {
    const attributes = readAttributes(value)
    playlist.renditionReports.push({
      uri: readRequired(attributes, 'URI'),
      lastMsn: readNumber(attributes.get('LAST-MSN'), 'LAST-MSN'),
      lastPart: readOptionalNumber(attributes, 'LAST-PART'),
    })
  },
  'EXT-X-ENDLIST': ({ playlist }) => {
    playlist.ended = true
  },
}
