/** Says in a media playlist what cannot be had (RFC 8216bis, 4.4.4.7 and 4.4.4.9), and leaves every other byte of it as it was. */
import { readAttributes } from './lines.ts'

const PART = '#EXT-X-PART:'
const GAP = '#EXT-X-GAP'
const DURATION = '#EXTINF:'

/**
 * Full playlists and delta updates alike. A part for which `isGap` holds (asked with its URI as listed) has `GAP=YES`; a segment has
 * EXT-X-GAP when it is one itself or one of its listed parts is: its bytes are those of its parts. The hint of a part to come stays.
 */
export function markGaps(text: string, isGap: (uri: string) => boolean): string {
  const lines = text.split('\n')
  const marked: string[] = []
  const open = { hasGapPart: false, isMarked: false }
  lines.forEach((line, index) => {
    if (line.startsWith(PART)) {
      const part = markPart(line, isGap)
      open.hasGapPart ||= part.isGap
      return marked.push(part.line)
    }
    if (line.startsWith(GAP)) open.isMarked = true
    if (line.startsWith(DURATION)) {
      const uri = lines.slice(index + 1).find((each) => each !== '' && !each.startsWith('#'))
      const isOne = open.hasGapPart || (uri !== undefined && isGap(uri.trimEnd()))
      if (isOne && !open.isMarked) marked.push(line.endsWith('\r') ? `${GAP}\r` : GAP)
    } else if (line !== '' && !line.startsWith('#'))
      Object.assign(open, { hasGapPart: false, isMarked: false })
    marked.push(line)
  })
  return marked.join('\n')
}

function markPart(line: string, isGap: (uri: string) => boolean): { line: string; isGap: boolean } {
  const attributes = readAttributes(line.slice(PART.length))
  if (attributes.get('GAP') === 'YES') return { line, isGap: true }
  if (!isGap(attributes.get('URI') ?? '')) return { line, isGap: false }
  const end = line.endsWith('\r') ? '\r' : ''
  return { line: `${line.trimEnd()},GAP=YES${end}`, isGap: true }
}
