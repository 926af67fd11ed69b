/** The worker in which the engine runs: its timers go on in a hidden tab, and its sums do not hold up the picture. */
import { EngineSide } from './engine-side.ts'
import type { EnginePort, FromEngine } from './worker-messages.ts'

/** What is needed of the scope of a dedicated worker. */
interface WorkerScope {
  postMessage(message: FromEngine, transfer: Transferable[]): void
  onmessage: ((event: MessageEvent) => void) | null
  close(): void
}

const scope = globalThis as unknown as WorkerScope

const port: EnginePort = {
  post: (message, transfer = []) => scope.postMessage(message, transfer),
  onMessage: null,
  close: () => scope.close(),
}
scope.onmessage = ({ data }) => port.onMessage?.(data)
new EngineSide({ port })
