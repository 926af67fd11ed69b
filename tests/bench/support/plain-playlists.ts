/**
 * The edge's playlists as plain HLS (RFC 8216) has them: the last whole segments of 2 s, nothing of low latency. Media stays where
 * it is.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { SEGMENT_SECONDS } from '../../../media/part.ts'

const LOW_LATENCY = /^#EXT-X-(SERVER-CONTROL|PART|PART-INF|PRELOAD-HINT|RENDITION-REPORT|SKIP)(:|$)/
const HEADER =
  /^#(EXTM3U|EXT-X-(VERSION|TARGETDURATION|MEDIA-SEQUENCE|MAP|INDEPENDENT-SEGMENTS|DISCONTINUITY-SEQUENCE))/
/** Nearly all that the edge keeps: it is the distance that decides how much of it is shared. */
const WINDOW_SEGMENTS = 25

/** Answers what is asked for a playlist; false where it is something else. */
export async function answerPlainPlaylist(
  edge: string,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<boolean> {
  const { pathname } = new URL(req.url ?? '/', edge)
  if (!pathname.endsWith('.m3u8')) return false
  const answer = await fetch(edge + pathname)
  const text = await answer.text()
  const base = edge + pathname.slice(0, pathname.lastIndexOf('/') + 1)
  res.writeHead(answer.status, { 'Content-Type': 'application/vnd.apple.mpegurl' })
  res.end(text.includes('#EXTINF') ? plainPlaylist(text, base) : withoutSoundAlone(text))
  return true
}

/**
 * Without the variants that are sound alone: they have the address of the sound of the others, and p2p-media-loader, which tells
 * streams by their addresses, then lets picture and sound abort each other's downloads.
 */
function withoutSoundAlone(multivariant: string): string {
  return multivariant.replaceAll(/^#EXT-X-STREAM-INF:(?!.*RESOLUTION).*\n.*\n/gm, '')
}

function plainPlaylist(playlist: string, base: string): string {
  const lines = playlist.split('\n').filter((line) => !LOW_LATENCY.test(line))
  const segments: string[][] = [[]]
  for (const line of lines.filter((each) => each !== '' && !HEADER.test(each))) {
    const isAddress = !line.startsWith('#')
    segments.at(-1)?.push(isAddress ? base + line : line)
    if (isAddress) segments.push([])
  }
  const whole = segments.slice(0, -1)
  const kept = whole.slice(-WINDOW_SEGMENTS)
  const header = lines
    .filter((line) => HEADER.test(line))
    .map((line) => headerLine(line, base, whole.length - kept.length))
  return [...header, ...kept.flat(), ''].join('\n')
}

function headerLine(line: string, base: string, dropped: number): string {
  // the edge says more, for outages
  if (line.startsWith('#EXT-X-TARGETDURATION')) return `#EXT-X-TARGETDURATION:${SEGMENT_SECONDS}`
  if (line.startsWith('#EXT-X-MEDIA-SEQUENCE:'))
    return `#EXT-X-MEDIA-SEQUENCE:${Number(line.split(':')[1]) + dropped}`
  return line.replace(/URI="([^"]+)"/, (_, uri) => `URI="${base}${uri}"`)
}
