/** The cascade's clock in Node. */
import type { Clock } from '../../cascade/clock.ts'

export const nodeClock: Clock = {
  now: () => performance.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms)
    return () => clearTimeout(timer)
  },
}
