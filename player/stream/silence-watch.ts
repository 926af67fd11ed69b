/** Whether a server that says nothing waits as we do, or is gone without a goodbye: TCP would tell only after minutes. */

export interface SilenceWatchOptions {
  /** origin of the server, with anything behind it */
  place: string
  fetch: typeof fetch
  /** a question would be sent at once */
  canAsk: () => boolean
  /** the server does not answer at all */
  onGone: () => void
}

/** Silent for so long, a server is asked whether it is there. Parts come four times a second, but for pauses of the publisher. */
export const SILENT_MS = 2500
/** It answers this out of hand. */
export const PROBE_LIMIT_MS = 2000

/** Begins to watch. `heard` says that something came, `stop` ends it. */
export function watchSilence(options: SilenceWatchOptions): { heard: () => void; stop: () => void } {
  const stopped = new AbortController()
  let heardAtMs = performance.now()
  const timer = setInterval(() => {
    if (performance.now() - heardAtMs < SILENT_MS || !options.canAsk()) return
    heardAtMs = performance.now()
    void isThere(options, stopped.signal).then((found) => {
      if (!found && !stopped.signal.aborted) options.onGone()
    })
  }, SILENT_MS / 2)
  const stop = (): void => {
    clearInterval(timer)
    stopped.abort()
  }
  return { heard: () => void (heardAtMs = performance.now()), stop }
}

/** Any answer will do, be it one the page may not read. */
async function isThere({ place, fetch: ask }: SilenceWatchOptions, stopped: AbortSignal): Promise<boolean> {
  try {
    await ask(new URL('/healthz', place).href, {
      mode: 'no-cors',
      cache: 'no-store',
      credentials: 'omit',
      signal: AbortSignal.any([stopped, AbortSignal.timeout(PROBE_LIMIT_MS)]),
    })
    return true
  } catch {
    return false
  }
}
