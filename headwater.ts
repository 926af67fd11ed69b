/** Puts the services together: all in one process, or one of them alone. */
import { access, constants } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { HELP, parseCommandLine, type CommandLine } from './command-line.ts'
import { Demo } from './demo.ts'
import { limitAddresses, openEdge, runEdgeAlone, runShield, runWorkers } from './edge-services.ts'
import { countWorkers } from './edge/workers.ts'
import { greet, readVersion } from './greeting.ts'
import { needed, openHouse, openInternal, openStore, reachable, type House } from './house.ts'
import { Origin } from './origin/origin.ts'
import { lockDataDir } from './runtime/data-dir-lock.ts'
import { HeadwaterError } from './runtime/errors.ts'
import { ffmpegPath } from './runtime/ffmpeg.ts'
import { findProgram } from './runtime/find-program.ts'
import { createApp } from './runtime/http/app.ts'
import { createHealth } from './runtime/http/health.ts'
import { HttpServer } from './runtime/http/server.ts'
import { createStaticFiles } from './runtime/http/static-files.ts'
import { packageRoot } from './runtime/package-root.ts'
import type { Store } from './runtime/store/store.ts'
import { Transcoder } from './transcoder/transcoder.ts'

async function main(args: readonly string[]): Promise<void> {
  const commandLine = parseCommandLine(args)
  if (commandLine.help) return console.log(HELP)
  if (commandLine.version) return console.log(readVersion())
  const house = await openHouse(commandLine)
  if (commandLine.onlyDemo) await runDemoAlone(house)
  else await runServices(house, commandLine)
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

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof HeadwaterError) console.error(`headwater: ${error.message} (${error.code})`)
  else console.error(error)
  process.exit(1)
})
