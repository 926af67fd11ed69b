/** Ports for processes that open them a moment later. */
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { isRefusedByBrowsers } from '../../runtime/refused-ports.ts'

/** Below those that systems give to outgoing connections, of which any could have taken one meanwhile. */
const FROM = 10_000
const UNTIL = 32_000
const MAX_TRIES = 100

/** Different ones, free on loopback when this resolves. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>()
  for (let tries = 0; found.size < count; tries++) {
    if (tries === MAX_TRIES) throw new Error(`of ${MAX_TRIES} ports only ${found.size} were free`)
    const port = randomInt(FROM, UNTIL)
    if (!isRefusedByBrowsers(port) && (await isFree(port))) found.add(port)
  }
  return [...found]
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
