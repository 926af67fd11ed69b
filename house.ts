/** What every service of a process has: its configuration, secrets, log, metrics and the order of its end; and what several of them open. */
import { closeDeadlineMs, configOfWorker } from './edge-processes.ts'
import type { CommandLine } from './command-line.ts'
import { loadConfig, type Config } from './runtime/config.ts'
import { openDataDir } from './runtime/data-dir.ts'
import { HeadwaterError } from './runtime/errors.ts'
import { Readiness } from './runtime/http/health.ts'
import { HttpServer } from './runtime/http/server.ts'
import { Lifecycle } from './runtime/lifecycle.ts'
import { createLogger, type Logger } from './runtime/logger.ts'
import { Metrics } from './runtime/metrics.ts'
import { handleProcessSignals } from './runtime/process-signals.ts'
import { loadSecrets, type Secrets } from './runtime/secrets.ts'
import { MemoryStore } from './runtime/store/memory.ts'
import { RedisStore } from './runtime/store/redis.ts'
import type { Store } from './runtime/store/store.ts'

export interface House {
  config: Config
  secrets: Secrets
  logger: Logger
  metrics: Metrics
  lifecycle: Lifecycle
  readiness: Readiness
}

export async function openHouse(commandLine: CommandLine): Promise<House> {
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

/** Throws `store_unavailable`. */
export async function openStore({ config, logger }: House): Promise<Store> {
  const { redisUrl: url, redisPrefix: prefix } = config
  return url === null ? new MemoryStore() : RedisStore.open({ url, prefix, logger })
}

/** The listener between services. */
export function openInternal({ config, logger }: House): HttpServer {
  return new HttpServer({
    name: 'internal',
    logger,
    ...config.internal,
    variable: 'INTERNAL_PORT',
    requestTimeoutMs: 0,
  })
}

/** How this process reaches its own listener. */
export function reachable(host: string | null): string {
  if (host === null || host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

/** A setting that a role cannot do without. Throws `config_invalid`. */
export function needed({ config }: House, key: 'originUrl' | 'redisUrl', complaint: string): string {
  const value = config[key]
  if (value === null) throw new HeadwaterError('config_invalid', complaint)
  return value
}
