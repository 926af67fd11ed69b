/** Waiting times between attempts: growing, capped, jittered, so that a crowd does not come back in step. */

export interface BackoffLimits {
  firstMs: number
  maxMs: number
}

/** The wait before attempt `attempt` (0 is the first retry): between half and the whole of a doubling delay. */
export function backoffMs(
  attempt: number,
  limits: BackoffLimits,
  random: () => number = Math.random,
): number {
  const whole = Math.min(limits.maxMs, limits.firstMs * 2 ** Math.min(attempt, 20))
  return whole * (0.5 + random() / 2)
}

/** Resolves after the time, or at once when the signal fires. */
export function waitMs(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
