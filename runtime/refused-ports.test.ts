import { expect, it } from 'vitest'
import { isRefusedByBrowsers } from './refused-ports.ts'

/** Of those above 1023, and some beside them. */
const LOOKED_AT = [
  1718, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 5062, 6000, 6001, 6566, 6665, 6666, 6667, 6668,
  6669, 6670, 6679, 6697, 8080, 10_079, 10_080, 10_081,
]

it.each(LOOKED_AT)('knows what fetch says of port %i', async (port) => {
  const error = await fetch(`http://127.0.0.1:${port}`, { signal: AbortSignal.timeout(5000) }).catch(
    (cause: unknown) => cause,
  )
  const cause = error instanceof Error ? error.cause : null
  expect(isRefusedByBrowsers(port)).toBe(cause instanceof Error && cause.message === 'bad port')
})
