/** An edge as several processes: starts them, and says what each has of what is configured for the machine. */
import { spawn } from 'node:child_process'
import { hostname } from 'node:os'
import type { CommandLine, Worker } from './command-line.ts'
import { portsOf, shareOfMachine } from './edge/workers.ts'
import type { Config } from './runtime/config.ts'
import { HeadwaterError } from './runtime/errors.ts'
import { CLOSE_DEADLINE_MS } from './runtime/lifecycle.ts'
import type { Logger } from './runtime/logger.ts'
import { WorkerPool } from './runtime/worker-pool.ts'

export interface EdgeProcessesOptions {
  config: Config
  logger: Logger
  commandLine: CommandLine
  count: number
}

/** What a worker may take longer than its own deadline, to leave. */
const LEAVE_MS = 250

/** Edges like any other, on ports in a row: what stands in front shares viewers out among them. Throws `config_invalid`. */
export function openEdgeProcesses({ config, logger, commandLine, count }: EdgeProcessesOptions): {
  pool: WorkerPool
  ports: number[]
} {
  if (commandLine.shield)
    throw new HeadwaterError('config_invalid', 'a shield has one process: start several of them')
  const ports = portsOf(config.http.port, count)
  const file = commandLine.config === null ? [] : ['--config', commandLine.config]
  const pool = new WorkerPool({
    count,
    logger,
    closeMs: edgeDeadlineMs(config) + LEAVE_MS,
    spawn: (index) => {
      const args = ['--role', 'edge', '--worker', `${index}/${count}`, ...file]
      return spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...args], {
        env: { ...process.env, HTTP_PORT: `${ports[index] ?? ''}` },
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      })
    },
  })
  return { pool, ports }
}

/** How long a process may take to close. A component may take half of what is left: an edge that drains needs twice its time, and so does its parent. */
export function closeDeadlineMs({ role, worker, workers }: CommandLine, config: Config): number {
  if (role !== 'edge') return CLOSE_DEADLINE_MS
  const isParent = worker === null && (workers ?? config.edge.workers) !== 1
  return isParent ? 2 * (edgeDeadlineMs(config) + 2 * LEAVE_MS) : edgeDeadlineMs(config)
}

function edgeDeadlineMs({ edge }: Config): number {
  return CLOSE_DEADLINE_MS + (edge.publicUrl === null ? 0 : 2000 * edge.drainSeconds)
}

/** The configuration as it holds for one of several. */
export function configOfWorker(config: Config, worker: Worker | null): Config {
  if (worker === null) return config
  const { edge, cascade } = config
  const { root, ...share } = shareOfMachine({ ...edge, root: cascade.root }, worker.count)
  return {
    ...config,
    edge: { ...edge, cacheBytes: share.cacheBytes, capacityMbps: share.capacityMbps },
    cascade: { ...cascade, root: { ...cascade.root, ...root } },
  }
}

/** To viewers, workers are one edge: behind one address, shared out by what stands there. */
export function nodeOfWorkers(): string {
  return `${hostname()}-${process.ppid}`
}
