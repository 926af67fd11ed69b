/** The services of docker-compose.yml: how each is asked whether it is there, and what its death may cost. */
import { connect } from 'node:net'

export interface Service {
  name: string
  port: number
  /** What is asked by HTTP, answered 2xx; null where a connection has to do. */
  path: string | null
  /** Whether its outage ends the publisher's connection and all that is made, so that one longer than the reserve is seen (docs/outages.md). */
  makesParts: boolean
}

const ASK_MS = 1000

/** In the order in which they are killed: what has least to do with the picture first. */
export const SERVICES: readonly Service[] = [
  { name: 'coturn', port: 3478, path: null, makesParts: false },
  { name: 'prometheus', port: 9090, path: '/-/ready', makesParts: false },
  { name: 'redis', port: 6379, path: null, makesParts: false },
  ...['shield-1', 'shield-2', 'edge-1', 'edge-2', 'transcoder'].map((name) =>
    ofHeadwater(name, { makesParts: false }),
  ),
  ofHeadwater('origin', { makesParts: true }),
  { name: 'nginx', port: 80, path: '/healthz', makesParts: false },
]

/** Of the names with commas between; all without a name. Throws where a name is none. */
export function selectServices(names: string): readonly Service[] {
  if (names === '') return SERVICES
  return names.split(',').map((name) => {
    const service = SERVICES.find((each) => each.name === name)
    if (service === undefined) throw new Error(`no service to kill: ${name}`)
    return service
  })
}

export async function isThere({ port, path }: Service, address: string): Promise<boolean> {
  if (path === null) return takesConnections(address, port)
  const signal = AbortSignal.timeout(ASK_MS)
  const answer = await fetch(`http://${address}:${port}${path}`, { signal }).catch(() => null)
  await answer?.body?.cancel()
  return answer?.ok === true
}

function takesConnections(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ASK_MS })
    const end = (isThere: boolean): void => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
    socket.once('timeout', () => end(false))
  })
}

function ofHeadwater(name: string, { makesParts }: Pick<Service, 'makesParts'>): Service {
  return { name, port: 8080, path: '/readyz', makesParts }
}
