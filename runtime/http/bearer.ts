/** Who asks, by the token that came with the request. */
import type { IncomingMessage } from 'node:http'

/** The token of `Authorization: Bearer`; '' without one. */
export function bearerOf(req: IncomingMessage): string {
  return /^Bearer (.{1,512})$/.exec(req.headers.authorization ?? '')?.[1] ?? ''
}
