/** Playlists as they are with the gaps this edge knows of: written once for all who are given the same answer. */
import { markGaps } from '../../media/playlist/gaps.ts'
import { PARTS_PER_SEGMENT } from '../../media/part.ts'
import type { Answer } from '../answer.ts'
import { answerOf } from '../answer.ts'
import type { ObjectRequest } from '../media-path.ts'
import { trackOf, type Gaps } from './gaps.ts'

interface Marked {
  names: string
  answer: Answer
}

const marked = new WeakMap<Answer, Marked>()

/** The answer itself where there is nothing to mark. */
export function markPlaylist(request: ObjectRequest, answer: Answer, gaps: Pick<Gaps, 'listedIn'>): Answer {
  if (request.kind !== 'playlist' || answer.status !== 200) return answer
  const listed = gaps.listedIn(trackOf(request.path))
  if (listed === null) return answer
  const names = [...listed].join(' ')
  const known = marked.get(answer)
  if (known?.names === names) return known.answer
  const text = Buffer.concat(answer.chunks).toString('utf8')
  const made = answerOf(200, answer.type, [Buffer.from(markGaps(text, (uri) => isGap(uri, listed)))])
  marked.set(answer, { names, answer: made })
  return made
}

/** A segment is its parts, also where those are not listed any more. */
function isGap(uri: string, listed: ReadonlySet<string>): boolean {
  if (listed.has(uri)) return true
  const msn = /^(\d+)\.m4s$/.exec(uri)?.[1]
  if (msn === undefined) return false
  for (let part = 0; part < PARTS_PER_SEGMENT; part++) if (listed.has(`${msn}.${part}.m4s`)) return true
  return false
}
