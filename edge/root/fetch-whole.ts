/** Asks the edge's cache as a viewer does, for those within the edge who want an answer whole. */
import type { Answer } from '../answer.ts'
import type { Coalescer } from '../coalescer.ts'
import type { ObjectRequest } from '../media-path.ts'

/** Resolves with any answer, errors of the edge's own among them. Rejects with the signal's reason; throws `not_ready` at a limit. */
export async function fetchWhole(
  coalescer: Pick<Coalescer, 'find'>,
  request: ObjectRequest,
  signal: AbortSignal,
): Promise<Answer> {
  signal.throwIfAborted()
  const found = coalescer.find(request)
  if ('answer' in found) return found.answer
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      leave()
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    const leave = found.fill.join({
      onEnd: ({ answer }) => {
        signal.removeEventListener('abort', onAbort)
        resolve(answer)
      },
    })
  })
}
