/** Puts the services together: all in one process, or one of them alone. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { HELP, parseCommandLine, type CommandLine } from './command-line.ts'
import { Demo } from './demo.ts'
import { Edge } from './edge/edge.ts'
import { Origin } from './origin/origin.ts'
import { loadConfig, type Config } from './runtime/config.ts'
import { lockDataDir } from './runtime/data-dir-lock.ts'
import { openDataDir } from './runtime/data-dir.ts'
import { HeadwaterError } from './runtime/errors.ts'
import { createApp } from './runtime/http/app.ts'
import { createHealth, Readiness } from './runtime/http/health.ts'
import { HttpServer } from './runtime/http/server.ts'
import { createStaticFiles } from './runtime/http/static-files.ts'
import { Lifecycle, type Component } from './runtime/lifecycle.ts'
import { createLogger, type Logger } from './runtime/logger.ts'
import { Metrics } from './runtime/metrics.ts'
import { packageRoot } from './runtime/package-root.ts'
import { handleProcessSignals } from './runtime/process-signals.ts'
import { loadSecrets, type Secrets } from './runtime/secrets.ts'
import { MemoryStore } from './runtime/store/memory.ts'
import { Transcoder } from './transcoder/transcoder.ts'

interface House {
  config: Config
  secrets: Secrets
  logger: Logger
  metrics: Metrics
  lifecycle: Lifecycle
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
  const config = loadConfig({
    env,
    ...(commandLine.config === null ? {} : { configPath: commandLine.config }),
  })
  await openDataDir(config.dataDir)
  const secrets = await loadSecrets(config)
  const logger = createLogger({ level: config.log.level })
  const lifecycle = new Lifecycle({ logger })
  handleProcessSignals({ lifecycle, logger })
  return { config, secrets, logger, metrics: new Metrics({ hasProcess: true }), lifecycle }
}

async function runServices(house: House, { role, demo }: CommandLine): Promise<void> {
  const { config, logger, metrics, lifecycle } = house
  const readiness = new Readiness()
  const pub = new HttpServer({ name: 'public', logger, ...config.http })
  pub.mount(createHealth({ metrics, readiness, logger }))
  if (role === 'edge') {
    if (config.originUrl === null)
      throw new HeadwaterError('config_invalid', '--role edge needs ORIGIN_URL, the origin to ask')
    await lifecycle
      .add(openEdge(house, pub, config.originUrl))
      .add(pub)
      .start()
    return console.log(`\n  Edge of ${config.originUrl} on port ${pub.port}\n`)
  }
  const lock = await lockDataDir(config.dataDir)
  lifecycle.add({ name: 'data-dir', close: () => lock.release() })
  const store = new MemoryStore()
  readiness.add('store', () => store.ping())
  const internal = new HttpServer({
    name: 'internal',
    logger,
    ...config.internal,
    variable: 'INTERNAL_PORT',
    requestTimeoutMs: 0,
  })
  const origin = new Origin({ config, secrets: house.secrets, store, logger, metrics })
  origin.mountInternal(internal)
  // Its port must be known before the others are told where the origin is.
  await internal.start()
  const originUrl = config.originUrl ?? `http://127.0.0.1:${internal.port}`
  const { clusterSecret } = house.secrets
  const edge = openEdge(house, pub, originUrl)
  pub.mount(createStaticFiles({ root: path.join(packageRoot(), 'dist', 'player'), logger }))
  origin.mountPublic(pub)
  pub.mountApp(createApp({ logger, middleware: [origin.recordingsApi(), origin.api()] }))
  lifecycle.add({ name: internal.name, close: () => internal.close() })
  lifecycle
    .add(origin)
    .add(new Transcoder({ store, config, originUrl, clusterSecret, logger, metrics }))
    .add(edge)
    .add(pub)
  const publisher = demo ? openDemo(house, pub, origin) : null
  if (publisher) lifecycle.add({ name: 'demo', close: () => publisher.close() })
  await lifecycle.start()
  const roomId = await publisher?.open()
  greet({ house, httpPort: pub.port, rtmpPort: origin.rtmp.port, roomId: roomId ?? null })
}

function openEdge(
  { config, secrets, logger, metrics }: House,
  pub: HttpServer,
  originUrl: string,
): Component {
  const { cacheBytes, flv } = config.edge
  const edge = new Edge({ originUrl, clusterSecret: secrets.clusterSecret, logger, metrics, cacheBytes, flv })
  pub.mount((req, res) => edge.handle(req, res))
  return { name: 'edge', start: () => edge.start(), close: () => edge.close() }
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
