/** What an FLV can be followed by when its upstream does not give it any more: the next rendition below, while the program itself is there. */
import { parseMultivariant } from '../../media/playlist/parse-multivariant.ts'
import type { ParsedMultivariant } from '../../media/playlist/parse-multivariant.ts'
import { readBody } from '../answer.ts'
import type { FlvRequest } from '../media-path.ts'
import type { Upstream } from '../upstream.ts'

const MAX_PLAYLIST_BYTES = 256 * 1024

/**
 * Asks for the multivariant playlist anew: an upstream that does not answer that is away, and no rendition's fault. Null then, and
 * where there is no lower rendition.
 */
export async function findLowerRung(
  upstream: Upstream,
  request: FlvRequest,
  signal: AbortSignal,
): Promise<FlvRequest | null> {
  const { room } = request
  const text = await askText(upstream, room, signal).catch(() => null)
  const rendition = text === null ? null : nextBelow(parseOrNull(text), request.rendition)
  return rendition === null ? null : { ...request, rendition, path: `/live/${room}/${rendition}.flv` }
}

/** The source's own FLV lies above the ladder. */
function nextBelow(playlist: ParsedMultivariant | null, rendition: string): string | null {
  const names = [...(playlist?.variants ?? [])]
    .sort((a, b) => b.bandwidth - a.bandwidth)
    .map(({ uri }) => trackOf(uri))
  if (rendition === 'source') return names[0] ?? null
  const at = names.indexOf(rendition)
  return at < 0 ? null : (names[at + 1] ?? null)
}

/** `program01/720p/index.m3u8`. */
function trackOf(uri: string): string | undefined {
  return uri.split('/').at(-2)
}

function parseOrNull(text: string): ParsedMultivariant | null {
  try {
    return parseMultivariant(text)
  } catch {
    return null
  }
}

async function askText(upstream: Upstream, room: string, signal: AbortSignal): Promise<string | null> {
  const { status, body } = await upstream.ask(
    { kind: 'multivariant', room, path: `/live/${room}/master.m3u8` },
    signal,
  )
  const chunks = await readBody(body, MAX_PLAYLIST_BYTES)
  return status === 200 ? Buffer.concat(chunks).toString('utf8') : null
}
