/** An edge in its place: beside an origin, by itself, as several processes, or as a shield. */
import { randomUUID } from 'node:crypto'
import type { CommandLine, Worker } from './command-line.ts'
import { nodeOfWorkers, openEdgeProcesses } from './edge-processes.ts'
import { AddressLimits } from './edge/address-limits.ts'
import { Announcement } from './edge/announcement.ts'
import { Edge, type ShieldStoreOptions } from './edge/edge.ts'
import { createShield } from './edge/shield.ts'
import { needed, openInternal, openStore, reachable, type House } from './house.ts'
import type { HttpServer } from './runtime/http/server.ts'
import { reportReady } from './runtime/worker-pool.ts'

export async function runWorkers(
  { config, logger, lifecycle }: House,
  commandLine: CommandLine,
  count: number,
): Promise<void> {
  const { pool, ports } = openEdgeProcesses({ config, logger, commandLine, count })
  await lifecycle.add(pool).start()
  console.log(`\n  Edge of ${count} workers on ports ${ports[0]} to ${ports.at(-1)}\n`)
}

export async function runEdgeAlone(house: House, pub: HttpServer, { worker }: CommandLine): Promise<void> {
  const originUrl = needed(house, 'originUrl', '--role edge needs ORIGIN_URL, the origin to ask')
  const edge = openEdge(house, originUrl, 'edge')
  pub.mount((req, res) => edge.handle(req, res))
  house.lifecycle.add({ name: 'edge', start: () => edge.start(), close: () => edge.close() }).add(pub)
  const announcement = openAnnouncement(house, edge, worker)
  if (announcement) house.lifecycle.add(announcement)
  await house.lifecycle.start()
  if (worker !== null) reportReady()
  console.log(`\n  Edge of ${originUrl} on port ${pub.port}\n`)
}

/** Between edges and origin: asked by edges only, so that the origin is asked once for all of them. */
export async function runShield(house: House, pub: HttpServer): Promise<void> {
  const originUrl = needed(house, 'originUrl', '--shield needs ORIGIN_URL, the origin to ask')
  const { secrets, logger, lifecycle } = house
  const internal = openInternal(house)
  const edge = openEdge(house, originUrl, 'shield', shieldStoreOf(house, internal))
  internal.mount(createShield({ edge, clusterSecret: secrets.clusterSecret, logger }))
  const component = { name: 'edge', start: () => edge.start(), close: () => edge.close() }
  for (const each of [component, internal, pub]) lifecycle.add(each)
  await lifecycle.start()
  console.log(`\n  Shield of ${originUrl} on port ${internal.port}; health and metrics on port ${pub.port}\n`)
}

/** Mounted before an edge, which is asked what these let pass. */
export function limitAddresses({ config, logger, metrics, lifecycle }: House, pub: HttpServer): void {
  const { trustProxy } = config.http
  const limits = new AddressLimits({ ...config.edge.perAddress, trustProxy, logger, metrics })
  lifecycle.add(limits)
  pub.mount((req, res) => limits.handle(req, res))
}

/** Shields are asked by edges apart from the origin: a shield has none before it, and no viewers whose cascade it could begin. */
export function openEdge(
  { config, secrets, logger, metrics }: House,
  originUrl: string,
  as: 'all' | 'edge' | 'shield',
  shieldStore: ShieldStoreOptions | null = null,
): Edge {
  const { enabled, ...limits } = config.cascade.root
  return new Edge({
    originUrl,
    clusterSecret: secrets.clusterSecret,
    logger,
    metrics,
    ...config.edge,
    shieldUrls: as === 'edge' ? config.edge.shieldUrls : [],
    isShield: as === 'shield',
    shieldStore,
    roots: enabled && as !== 'shield' ? limits : null,
  })
}

/** What shields share, so that they ask the origin once between them; null without Redis. */
function shieldStoreOf(house: House, internal: HttpServer): ShieldStoreOptions | null {
  const { config } = house
  if (config.redisUrl === null) return null
  return {
    openStore: () => openStore(house),
    shieldUrls: config.edge.shieldUrls,
    ownUrl: () => `http://${reachable(config.internal.host)}:${internal.port}`,
  }
}

/** Null for an edge that viewers do not reach directly. */
function openAnnouncement(house: House, edge: Edge, worker: Worker | null): Announcement | null {
  const { config, logger, readiness } = house
  const { publicUrl, drainSeconds } = config.edge
  if (publicUrl === null) return null
  needed(house, 'redisUrl', 'edge.publicUrl needs REDIS_URL, the store that names edges to viewers')
  const announcement = new Announcement({
    ...config.edge,
    openStore: () => openStore(house),
    node: worker === null ? randomUUID() : nodeOfWorkers(),
    url: publicUrl,
    sentBytes: () => edge.sentBytes(),
    drainMs: drainSeconds * 1000,
    logger,
  })
  readiness.add('draining', () => {
    if (announcement.isDraining) throw new Error('this edge is about to stop')
  })
  return announcement
}
