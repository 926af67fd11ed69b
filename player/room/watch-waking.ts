/** Calls back when what waits should try again: the network is back, or the device woke up. Old connections may be dead then. */

const TICK_MS = 1000
/** A visible page's timers come in time; such a gap is a sleep. */
const SLEEP_MS = 8000

/** Returns the way to stop. */
export function watchWaking(onWake: () => void): () => void {
  const gone = new AbortController()
  const { signal } = gone
  let lookedAtMs = Date.now()
  const timer = setInterval(() => {
    const now = Date.now()
    if (now - lookedAtMs > SLEEP_MS && !globalThis.document?.hidden) onWake()
    lookedAtMs = now
  }, TICK_MS)
  globalThis.window?.addEventListener('online', onWake, { signal })
  return () => {
    gone.abort()
    clearInterval(timer)
  }
}
