/** The address of the client a request came from. */

import type { IncomingMessage } from 'node:http'

/**
 * The socket's address, or behind a proxy that is trusted the last one in X-Forwarded-For: the one the proxy itself
 * has added; those before it are claims of the client.
 */
export function clientAddress(req: IncomingMessage, trustProxy: boolean): string {
  const direct = req.socket.remoteAddress ?? ''
  const forwarded = req.headers['x-forwarded-for']
  if (!trustProxy || forwarded === undefined) return direct
  return String(forwarded).split(',').at(-1)?.trim().slice(0, 64) || direct
}
