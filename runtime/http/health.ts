/** `/healthz` (the process lives), `/readyz` (it can serve) and `/metrics`, the same on every service. */

import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'
import { answer, isReadRequest, sendJson, sendText } from './respond.ts'
import type { PlainHandler } from './server.ts'

/** Resolves when the part works; rejects or throws with the reason otherwise. */
export type ReadyCheck = () => Promise<void> | void

// A check that hangs is a check that failed.
const CHECK_TIMEOUT_MS = 1000

/** Collects the checks of a process's parts. */
export class Readiness {
  readonly #checks = new Map<string, ReadyCheck>()
  readonly #dispensable = new Set<string>()

  /** Adds a check; returns the way to take it out. */
  add(name: string, check: ReadyCheck): () => void {
    this.#checks.set(name, check)
    return () => this.#checks.delete(name)
  }

  /** Adds a check of what the process goes on serving without: the answer tells of it and stays ready. */
  addDispensable(name: string, check: ReadyCheck): void {
    this.#dispensable.add(name)
    this.#checks.set(name, check)
  }

  /** Runs all checks; each part's answer is `ok` or the reason it is not. */
  async run(): Promise<{ isReady: boolean; checks: Record<string, string> }> {
    const entries = await Promise.all(
      [...this.#checks].map(async ([name, check]) => [name, await outcome(check)] as const),
    )
    const isReady = entries.every(([name, result]) => result === 'ok' || this.#dispensable.has(name))
    return { isReady, checks: Object.fromEntries(entries) }
  }
}

export interface HealthOptions {
  metrics: Metrics
  readiness: Readiness
  logger: Logger
}

/** A handler for the three addresses. */
export function createHealth(options: HealthOptions): PlainHandler {
  return (req, res, url) => {
    if (!['/healthz', '/readyz', '/metrics'].includes(url.pathname)) return false
    if (!isReadRequest(req, res)) return true
    answer(res, options.logger, async () => {
      if (url.pathname === '/healthz') sendJson(res, 200, { status: 'ok' })
      else if (url.pathname === '/metrics')
        sendText(res, 200, await options.metrics.text(), 'text/plain; version=0.0.4')
      else {
        const { isReady, checks } = await options.readiness.run()
        sendJson(res, isReady ? 200 : 503, { status: isReady ? 'ok' : 'not_ready', checks })
      }
    })
    return true
  }
}

async function outcome(check: ReadyCheck): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('timed out')), CHECK_TIMEOUT_MS)
  })
  try {
    await Promise.race([Promise.resolve().then(check), timeout])
    return 'ok'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    clearTimeout(timer)
  }
}
