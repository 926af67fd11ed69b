/** Joins a lifecycle to the process: the first signal closes, the second exits at once, a bug is logged and ends it. */

import type { Lifecycle } from './lifecycle.ts'
import type { Logger } from './logger.ts'

/** The part of `process` this needs. */
export interface ProcessLike {
  on(event: string, listener: (...values: unknown[]) => void): unknown
  off(event: string, listener: (...values: unknown[]) => void): unknown
  exit(code: number): void
}

export interface ProcessSignalsOptions {
  lifecycle: Lifecycle
  logger: Logger
  process?: ProcessLike
}

// One Ctrl-C reaches us twice under `npm start`: from the terminal, and passed on by npm.
const SAME_KEYPRESS_MS = 500

/** Listens to signals and to uncaught faults; returns the way to stop listening. */
export function handleProcessSignals(options: ProcessSignalsOptions): () => void {
  const { lifecycle, logger } = options
  const target = options.process ?? (process as unknown as ProcessLike)
  let firstAtMs: number | null = null
  let isFaulted = false

  const onSignal = (signal: unknown): void => {
    if (firstAtMs === null) {
      firstAtMs = Date.now()
      logger.info({ signal }, 'stopping; press Ctrl-C again to stop at once')
      void lifecycle.close(String(signal)).then(() => target.exit(isFaulted ? 1 : 0))
    } else if (Date.now() - firstAtMs > SAME_KEYPRESS_MS) {
      target.exit(130)
    }
  }
  const onFault = (error: unknown): void => {
    logger.fatal({ err: error }, 'uncaught fault')
    if (isFaulted) return target.exit(1)
    isFaulted = true
    void lifecycle.close('uncaught fault').then(() => target.exit(1))
  }

  const listeners = {
    SIGINT: onSignal,
    SIGTERM: onSignal,
    uncaughtException: onFault,
    unhandledRejection: onFault,
  }
  for (const [event, listener] of Object.entries(listeners)) target.on(event, listener)
  return () => {
    for (const [event, listener] of Object.entries(listeners)) target.off(event, listener)
  }
}
