/** ICE servers as signalling names them (RFC 7064, RFC 7065), in the form that node-datachannel takes. */
import type { IceServer as StackServer } from 'node-datachannel'
import type { IceServer } from '../../cascade/messages.ts'

/** Hosts: names, IPv4, IPv6 in brackets. */
const SERVER =
  /^(?<scheme>stuns?|turns?):(?<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::(?<port>\d{1,5}))?(?:\?transport=(?<transport>udp|tcp))?$/
const DEFAULT_PORT = 3478
const DEFAULT_TLS_PORT = 5349

/** Leaves out what it cannot read, and STUN over TLS, which the library does not speak. */
export function stackServers(servers: readonly IceServer[]): (string | StackServer)[] {
  return servers
    .flatMap((server) => server.urls.map((url) => stackServer(url, server)))
    .filter((server) => server !== null)
}

function stackServer(url: string, { username, credential }: IceServer): string | StackServer | null {
  const groups = SERVER.exec(url)?.groups
  if (groups === undefined || groups['scheme'] === 'stuns') return null
  const { scheme, host = '', transport } = groups
  const isTls = scheme === 'turns'
  const port = Number(groups['port'] ?? (isTls ? DEFAULT_TLS_PORT : DEFAULT_PORT))
  if (port < 1 || port > 65_535) return null
  if (scheme === 'stun') return `stun:${host}:${port}`
  if (username === undefined || credential === undefined) return null
  const relayType = isTls ? 'TurnTls' : transport === 'tcp' ? 'TurnTcp' : 'TurnUdp'
  return { hostname: host.replace(/^\[|\]$/g, ''), port, username, password: credential, relayType }
}
