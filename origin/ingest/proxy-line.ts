/** Who a connection is from, when it comes by way of a proxy: the line that HAProxy, nginx and others put before it (PROXY protocol, version 1). */
import type { Socket } from 'node:net'

// The longest line the specification allows, its end included.
const MAX_LINE_BYTES = 107
const LINE_FEED = 0x0a
// Where it arrived is of no interest here; nginx names a socket of its own where it came by one.
const LINE = /^PROXY (?:TCP[46] (?<address>[0-9A-Fa-f.:]{2,45}) \S+ \d{1,5} \d{1,5}|UNKNOWN.*)\r\n$/

/**
 * Takes the line off a new connection and gives the client's address: the connection's own where the proxy does not know it, null
 * where there is no such line in time. What follows the line is left to whoever reads the socket next, in the same tick.
 */
export function takeProxyLine(
  socket: Socket,
  limitMs: number,
  onDone: (address: string | null) => void,
): void {
  let held = Buffer.alloc(0)
  const done = (address: string | null): void => {
    clearTimeout(timer)
    socket.off('readable', read).off('close', gone)
    onDone(address)
  }
  const gone = (): void => done(null)
  const read = (): void => {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) return
    held = Buffer.concat([held, chunk])
    const end = held.subarray(0, MAX_LINE_BYTES).indexOf(LINE_FEED) + 1
    if (end === 0 && held.length < MAX_LINE_BYTES) return
    const match = LINE.exec(held.subarray(0, end).toString('latin1'))
    if (end < held.length) socket.unshift(held.subarray(end))
    done(match === null ? null : (match.groups?.['address'] ?? socket.remoteAddress ?? 'unknown'))
  }
  const timer = setTimeout(gone, limitMs)
  socket.on('readable', read).once('close', gone)
}
