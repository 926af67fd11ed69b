/** Processes of one kind, as many as are wanted: started together, each replaced when it dies, ended together. */
import { once } from 'node:events'
import type { ChildProcess } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { HeadwaterError } from './errors.ts'
import type { Logger } from './logger.ts'

export interface WorkerPoolOptions {
  count: number
  /** Starts one, with an IPC channel: it sends `WORKER_READY` when it can serve, and ends itself when the channel is closed. */
  spawn: (index: number) => ChildProcess
  logger: Logger
  /** Those that are told to end have so long. */
  closeMs: number
  /** Waits before one is started again: doubled at each death, milliseconds. */
  restart?: { firstMs: number; maxMs: number }
  /** Who lived so long begins anew with the first wait. */
  steadyMs?: number
}

export const WORKER_READY = 'ready'
const RESTART = { firstMs: 200, maxMs: 10_000 }
const STEADY_MS = 30_000

export class WorkerPool {
  readonly name = 'workers'
  readonly #options: WorkerPoolOptions
  readonly #stop = new AbortController()
  readonly #children = new Map<number, ChildProcess>()
  readonly #running: Promise<void>[] = []

  constructor(options: WorkerPoolOptions) {
    this.#options = options
  }

  /** Process ids by worker; undefined while one is not there. */
  get pids(): (number | undefined)[] {
    return Array.from({ length: this.#options.count }, (_, index) => this.#children.get(index)?.pid)
  }

  /** Resolves when all can serve. Throws `worker_failed` when one ends before it could. */
  async start(): Promise<void> {
    const indexes = Array.from({ length: this.#options.count }, (_, index) => index)
    const first = indexes.map((index) => this.#spawn(index))
    await Promise.all(first.map(({ ready }) => ready))
    for (const [index, { exited }] of first.entries()) this.#running.push(this.#keep(index, exited))
  }

  /** Tells all to end, waits for them, and kills those that do not. */
  async close(): Promise<void> {
    this.#stop.abort()
    for (const child of this.#children.values()) child.kill('SIGTERM')
    const timer = setTimeout(() => {
      for (const child of this.#children.values()) child.kill('SIGKILL')
    }, this.#options.closeMs)
    const exits = [...this.#children.values()].map((child) => exitOf(child))
    await Promise.all([...this.#running, ...exits])
    clearTimeout(timer)
  }

  /** Starts it again whenever it ends. */
  async #keep(index: number, exited: Promise<string>): Promise<void> {
    const { logger, restart = RESTART, steadyMs = STEADY_MS } = this.#options
    const { signal } = this.#stop
    for (let deaths = 0, bornAtMs = performance.now(); ;) {
      const how = await exited
      if (signal.aborted) return
      if (performance.now() - bornAtMs > steadyMs) deaths = 0
      const whole = Math.min(restart.maxMs, restart.firstMs * 2 ** Math.min(deaths++, 20))
      // Jitter, so that workers that died of one cause do not come back in step.
      const waitMs = whole * (0.5 + Math.random() / 2)
      logger.error(
        { code: 'worker_failed', worker: index, how, waitMs: Math.round(waitMs) },
        'a worker died: another takes its place',
      )
      await delay(waitMs, null, { signal }).catch(() => null)
      if (signal.aborted) return
      bornAtMs = performance.now()
      const next = this.#spawn(index)
      // One that fails at once is started again like any other.
      next.ready.catch(() => undefined)
      exited = next.exited
    }
  }

  #spawn(index: number): { ready: Promise<void>; exited: Promise<string> } {
    const child = this.#options.spawn(index)
    this.#children.set(index, child)
    this.#options.logger.info({ worker: index, pid: child.pid }, 'worker started')
    const exited = exitOf(child).finally(() => this.#children.delete(index))
    const ready = new Promise<void>((resolve, reject) => {
      child.on('message', (message) => message === WORKER_READY && resolve())
      void exited.then((how) =>
        reject(new HeadwaterError('worker_failed', `worker ${index} ended before it could serve: ${how}`)),
      )
    })
    return { ready, exited }
  }
}

/** Resolves when it is gone, with how. */
async function exitOf(child: ChildProcess): Promise<string> {
  if (child.exitCode !== null || child.signalCode !== null) return `${child.signalCode ?? child.exitCode}`
  // A process that could not even be started has an error and no exit.
  const [how] = (await Promise.race([
    once(child, 'exit').then(([code, signal]: unknown[]) => [signal ?? code]),
    new Promise((resolve) => child.once('error', (error) => resolve([error.message]))),
  ])) as [unknown]
  return String(how)
}

/** In a worker: says that it can serve, and has it end with its parent. */
export function reportReady(): void {
  process.send?.(WORKER_READY)
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
}
