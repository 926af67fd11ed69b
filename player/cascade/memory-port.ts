/** Both ends of a port without a worker between them: the engine then runs on the page. */
import type { EnginePort, FromEngine, PagePort, Port, ToEngine } from './worker-messages.ts'

class MemoryPort<Out, In> implements Port<Out, In> {
  onMessage: ((message: In) => void) | null = null
  far: MemoryPort<In, Out> | null = null

  post(message: Out): void {
    const { far } = this
    queueMicrotask(() => far?.onMessage?.(message))
  }

  close(): void {
    this.onMessage = null
    if (this.far) this.far.onMessage = null
  }
}

export function memoryPorts(): { page: PagePort; engine: EnginePort } {
  const page = new MemoryPort<ToEngine, FromEngine>()
  const engine = new MemoryPort<FromEngine, ToEngine>()
  page.far = engine
  engine.far = page
  return { page, engine }
}
