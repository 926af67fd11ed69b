/** Puts the services together: all in one process, or one of them alone. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { HELP, parseCommandLine, type CommandLine, type Worker } from './command-line.ts'
import { Demo } from './demo.ts'
import { closeDeadlineMs, configOfWorker, nodeOfWorkers, openEdgeProcesses } from './edge-processes.ts'
import { AddressLimits } from './edge/address-limits.ts'
import { Announcement } from './edge/announcement.ts'
import { Edge, type ShieldStoreOptions } from './edge/edge.ts'
import { createShield } from './edge/shield.ts'
import { countWorkers } from './edge/workers.ts'
import { Origin } from './origin/origin.ts'
import { loadConfig, type Config } from './runtime/config.ts'
import { lockDataDir } from './runtime/data-dir-lock.ts'
import { openDataDir } from './runtime/data-dir.ts'
import { HeadwaterError } from './runtime/errors.ts'
import { ffmpegPath } from './runtime/ffmpeg.ts'
import { findProgram } from './runtime/find-program.ts'
import { createApp } from './runtime/http/app.ts'
import { createHealth, Readiness } from './runtime/http/health.ts'
import { HttpServer } from './runtime/http/server.ts'
import { createStaticFiles } from './runtime/http/static-files.ts'
import { Lifecycle } from './runtime/lifecycle.ts'
import { createLogger, type Logger } from './runtime/logger.ts'
import { Metrics } from './runtime/metrics.ts'
import { packageRoot } from './runtime/package-root.ts'
import { handleProcessSignals } from './runtime/process-signals.ts'
import { loadSecrets, type Secrets } from './runtime/secrets.ts'
import { MemoryStore } from './runtime/store/memory.ts'
import { RedisStore } from './runtime/store/redis.ts'
import type { Store } from './runtime/store/store.ts'
import { reportReady } from './runtime/worker-pool.ts'
import { Transcoder } from './transcoder/transcoder.ts'

interface House {
  config: Config
  secrets: Secrets
  logger: Logger
  metrics: Metrics
  lifecycle: Lifecycle
  readiness: Readiness
}

async function main(args: readonly string[]): Promise<void> {
  const commandLine = parseCommandLine(args)
  if (commandLine.help) return console.log(HELP)
  if (commandLine.version) return console.log(readVersion())
  const house = await openHouse(commandLine)
  if (commandLine.onlyDemo) await runDemoAlone(house)
  else await runServices(house, commandLine)
}

async function openHouse(commandLine: CommandLine): Promise<House> {
  const env = commandLine.port === null ? process.env : { ...process.env, HTTP_PORT: commandLine.port }
  const { config: configPath, worker } = commandLine
  const whole = loadConfig({ env, ...(configPath === null ? {} : { configPath }) })
  const config = configOfWorker(whole, worker)
  await openDataDir(config.dataDir)
  const secrets = await loadSecrets(config)
  const lines = createLogger({ level: config.log.level })
  const logger = worker === null ? lines : lines.child({ worker: worker.index })
  const lifecycle = new Lifecycle({ logger, deadlineMs: closeDeadlineMs(commandLine, config) })
  handleProcessSignals({ lifecycle, logger })
  return {
    config,
    secrets,
    logger,
    metrics: new Metrics({ hasProcess: true }),
    lifecycle,
    readiness: new Readiness(),
  }
}

async function runServices(house: House, commandLine: CommandLine): Promise<void> {
  const { config, logger, metrics, readiness } = house
  const workers = countWorkers(commandLine.workers ?? config.edge.workers, availableParallelism())
  if (commandLine.role === 'edge' && commandLine.worker === null && workers > 1)
    return runWorkers(house, commandLine, workers)
  const pub = new HttpServer({ name: 'public', logger, ...config.http })
  if (commandLine.role !== 'transcoder') limitAddresses(house, pub)
  pub.mount(createHealth({ metrics, readiness, logger }))
  if (commandLine.role === 'edge')
    return commandLine.shield ? runShield(house, pub) : runEdgeAlone(house, pub, commandLine)
  if (commandLine.role === 'transcoder') return runTranscoderAlone(house, pub)
  await runOrigin(house, pub, commandLine)
}

async function runWorkers(
  { config, logger, lifecycle }: House,
  commandLine: CommandLine,
  count: number,
): Promise<void> {
  const { pool, ports } = openEdgeProcesses({ config, logger, commandLine, count })
  await lifecycle.add(pool).start()
  console.log(`\n  Edge of ${count} workers on ports ${ports[0]} to ${ports.at(-1)}\n`)
}

async function runEdgeAlone(house: House, pub: HttpServer, { worker }: CommandLine): Promise<void> {
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
async function runShield(house: House, pub: HttpServer): Promise<void> {
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

async function runTranscoderAlone(house: House, pub: HttpServer): Promise<void> {
  const originUrl = needed(house, 'originUrl', '--role transcoder needs ORIGIN_URL, the origin to encode for')
  needed(house, 'redisUrl', '--role transcoder needs REDIS_URL, the store of its origin')
  const { config, secrets, logger, metrics, lifecycle } = house
  const store = await openStore(house)
  house.readiness.addDispensable('store', () => store.ping())
  house.readiness.add('ffmpeg', () => findProgram(ffmpegPath()))
  const { clusterSecret } = secrets
  lifecycle
    .add({ name: 'store', close: () => store.close() })
    .add(new Transcoder({ store, config, originUrl, clusterSecret, logger, metrics }))
    .add(pub)
  await lifecycle.start()
  console.log(`\n  Transcoder of ${originUrl}; health and metrics on port ${pub.port}\n`)
}

/** The origin with an edge of its own, and a transcoder unless those run apart. */
async function runOrigin(house: House, pub: HttpServer, { role, demo }: CommandLine): Promise<void> {
  const { config, secrets, logger, metrics, lifecycle } = house
  if (role === 'origin')
    needed(house, 'redisUrl', '--role origin needs REDIS_URL, the store of its transcoders')
  const lock = await lockDataDir(config.dataDir)
  lifecycle.add({ name: 'data-dir', close: () => lock.release() })
  const store = await openStore(house)
  const internal = openInternal(house)
  const origin = new Origin({ config, secrets, store, logger, metrics, onLost: (why) => endWith(house, why) })
  origin.mountInternal(internal)
  watchOrigin(house, store, origin)
  // Its port must be known before the others are told where the origin is.
  await internal.start()
  const originUrl = `http://${reachable(config.internal.host)}:${internal.port}`
  const { clusterSecret } = secrets
  const edge = openEdge(house, originUrl, 'all')
  pub.mount((req, res) => edge.handle(req, res))
  const root = path.join(packageRoot(), 'dist', 'player')
  pub.mount(createStaticFiles({ root, logger, mediaOrigins: () => origin.mediaOrigins() }))
  origin.mountPublic(pub)
  pub.mountApp(createApp({ logger, middleware: [origin.recordingsApi(), origin.api()] }))
  lifecycle.add({ name: 'store', close: () => store.close() })
  lifecycle.add({ name: internal.name, close: () => internal.close() }).add(origin)
  if (role === 'all') {
    house.readiness.add('ffmpeg', () => findProgram(ffmpegPath()))
    lifecycle.add(new Transcoder({ store, config, originUrl, clusterSecret, logger, metrics }))
  }
  lifecycle.add({ name: 'edge', start: () => edge.start(), close: () => edge.close() }).add(pub)
  const publisher = demo ? openDemo(house, pub, origin) : null
  if (publisher) lifecycle.add({ name: 'demo', close: () => publisher.close() })
  await lifecycle.start()
  const roomId = await publisher?.open()
  greet({ house, httpPort: pub.port, rtmpPort: origin.rtmp.port, roomId: roomId ?? null })
}

/** In order, for what may not go on: 1 is what whoever started the process is told. */
function endWith({ logger, lifecycle }: House, error: HeadwaterError): void {
  logger.fatal({ code: error.code }, error.message)
  void lifecycle.close(error.code).then(() => process.exit(1))
}

/** What must be there for an origin to be of use. */
function watchOrigin({ config, readiness }: House, store: Store, origin: Origin): void {
  readiness.addDispensable('store', () => store.ping())
  readiness.add('data_dir', () => access(config.dataDir, constants.W_OK))
  readiness.add('rtmp', () => {
    if (!origin.rtmp.isListening) throw new Error('not listening')
  })
}

/** Mounted before an edge, which is asked what these let pass. */
function limitAddresses({ config, logger, metrics, lifecycle }: House, pub: HttpServer): void {
  const { trustProxy } = config.http
  const limits = new AddressLimits({ ...config.edge.perAddress, trustProxy, logger, metrics })
  lifecycle.add(limits)
  pub.mount((req, res) => limits.handle(req, res))
}

/** Throws `store_unavailable`. */
async function openStore({ config, logger }: House): Promise<Store> {
  const { redisUrl: url, redisPrefix: prefix } = config
  return url === null ? new MemoryStore() : RedisStore.open({ url, prefix, logger })
}

/** The listener between services. */
function openInternal({ config, logger }: House): HttpServer {
  return new HttpServer({
    name: 'internal',
    logger,
    ...config.internal,
    variable: 'INTERNAL_PORT',
    requestTimeoutMs: 0,
  })
}

/** How this process reaches its own listener. */
function reachable(host: string | null): string {
  if (host === null || host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

/** A setting that a role cannot do without. Throws `config_invalid`. */
function needed({ config }: House, key: 'originUrl' | 'redisUrl', complaint: string): string {
  const value = config[key]
  if (value === null) throw new HeadwaterError('config_invalid', complaint)
  return value
}

/** Shields are asked by edges apart from the origin: a shield has none before it, and no viewers whose cascade it could begin. */
function openEdge(
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

function openDemo({ config, secrets, logger }: House, pub: HttpServer, origin: Origin): Demo {
  return new Demo({
    httpUrl: () => `http://127.0.0.1:${pub.port}`,
    rtmpPort: () => origin.rtmp.port,
    adminToken: secrets.adminToken,
    dataDir: config.dataDir,
    logger,
  })
}

/** Publishes the demo to a server that runs already, with the data directory in common. */
async function runDemoAlone(house: House): Promise<void> {
  const { config, secrets, lifecycle, logger } = house
  const httpUrl = `http://127.0.0.1:${config.http.port}`
  const { adminToken } = secrets
  const demo = new Demo({
    httpUrl: () => httpUrl,
    rtmpPort: () => config.rtmp.port,
    adminToken,
    dataDir: config.dataDir,
    logger,
  })
  await lifecycle.add({ name: 'demo', close: () => demo.close() }).start()
  console.log(`\n  Demo   ${httpUrl}/watch/${await demo.open()}\n`)
  await demo.done
}

interface Greeting {
  house: House
  httpPort: number
  rtmpPort: number
  roomId: string | null
}

function greet({ house, httpPort, rtmpPort, roomId }: Greeting): void {
  const { config, secrets } = house
  const url = config.publicUrl ?? `http://localhost:${httpPort}`
  const lines = [
    `Headwater ${readVersion()} is running. Ctrl-C ends it.`,
    '',
    // The token is behind the #: browsers send it to nobody.
    secrets.isAdminTokenMade
      ? `Studio   ${url}/studio#token=${secrets.adminToken}`
      : `Studio   ${url}/studio  (sign in with ADMIN_TOKEN)`,
    `OBS      server rtmp://${new URL(url).hostname}:${rtmpPort}/live, stream key from the studio`,
    ...(roomId === null ? [] : [`Demo     ${url}/watch/${roomId}`]),
  ]
  console.log(`\n${lines.map((line) => `  ${line}`.trimEnd()).join('\n')}\n`)
}

function readVersion(): string {
  const text = readFileSync(path.join(packageRoot(), 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof HeadwaterError) console.error(`headwater: ${error.message} (${error.code})`)
  else console.error(error)
  process.exit(1)
})
