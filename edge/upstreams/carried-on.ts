/** A body that outlives the upstream it comes from: where one breaks off, another is asked and goes on behind the last byte. */
import { readBody } from '../answer.ts'
import type { UpstreamAnswer } from '../upstream.ts'

/**
 * Hands on the body of `first`. Where it breaks off, `askAnother` is called with what happened, until it throws. Only for objects whose
 * bytes never change: what was handed on is skipped in the next body, not compared.
 */
export async function* carryOn(
  first: UpstreamAnswer,
  askAnother: (cause: unknown) => Promise<UpstreamAnswer>,
): AsyncGenerator<Buffer> {
  let handedOn = 0
  for (let answer = first; ;) {
    try {
      let at = 0
      for await (const chunk of answer.body) {
        const known = Math.min(chunk.length, Math.max(0, handedOn - at))
        at += chunk.length
        if (known === chunk.length) continue
        handedOn = at
        yield chunk.subarray(known)
      }
      if (at < handedOn) throw new Error(`a body of ${at} bytes instead of ${handedOn} and more`)
      return
    } catch (cause) {
      answer = await askAnother(cause)
      if (!isSameObject(first, answer)) throw cause
    }
  }
}

/** Larger than any playlist or error. */
const MAX_TEXT_BYTES = 8 * 1024 * 1024

/** The same answer with its body read to its end, for what another upstream may word otherwise. Throws where it breaks off. */
export async function readWhole(answer: UpstreamAnswer): Promise<UpstreamAnswer> {
  return { ...answer, body: inOrder(await readBody(answer.body, MAX_TEXT_BYTES)) }
}

async function* inOrder(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks
}

function isSameObject(first: UpstreamAnswer, next: UpstreamAnswer): boolean {
  return next.status === first.status && (first.length === null || next.length === first.length)
}
