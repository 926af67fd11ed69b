/** One name for a request in answers and logs: the proxy's in front where it is believed, else one of our own, made when it is needed. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export const REQUEST_ID_HEADER = 'X-Request-Id'

/** What a proxy may call a request: nothing that could pass for something else in a log. */
const TAKEN = /^[A-Za-z0-9_-]{8,64}$/
const ROOM = /\/(?:live|hls|flv|watch)\/([A-Za-z0-9_-]{3,64})(?=[/.?#]|$)/
const ids = new WeakMap<IncomingMessage, string>()

/** Takes over what a trusted proxy calls it; anything else is left alone. */
export function takeRequestId(req: IncomingMessage): void {
  const named = req.headers['x-request-id']
  if (typeof named === 'string' && TAKEN.test(named)) ids.set(req, named)
}

export function requestIdOf(req: IncomingMessage): string {
  const known = ids.get(req)
  if (known !== undefined) return known
  const made = randomUUID()
  ids.set(req, made)
  return made
}

/** What a log line says of the request it is about. */
export function requestFacts(req: IncomingMessage): { requestId: string; room?: string } {
  const room = ROOM.exec(req.url ?? '')?.[1]
  return { requestId: requestIdOf(req), ...(room === undefined ? {} : { room }) }
}
