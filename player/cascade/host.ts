/** Brings the engine up: in a worker of its own where data channels may be given to one, else on the page. */
import { memoryPorts } from './memory-port.ts'
import type { FromEngine, PagePort } from './worker-messages.ts'

/** Whether this browser gives data channels to workers; null until it was tried. */
let isTransferable: boolean | null = null

export async function openEngine(): Promise<PagePort> {
  isTransferable ??= mayTransfer()
  return (isTransferable ? openWorker() : null) ?? openOnPage()
}

function openWorker(): PagePort | null {
  try {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'cascade' })
    const port: PagePort = {
      post: (message, transfer = []) => worker.postMessage(message, transfer),
      onMessage: null,
      close: () => worker.terminate(),
    }
    worker.onmessage = ({ data }: MessageEvent<FromEngine>) => port.onMessage?.(data)
    worker.onerror = () => port.onMessage?.({ type: 'failed', message: 'the worker failed' })
    return port
  } catch {
    return null
  }
}

async function openOnPage(): Promise<PagePort> {
  const { EngineSide } = await import('./engine-side.ts')
  const { page, engine } = memoryPorts()
  const side = new EngineSide({ port: engine })
  const close = page.close.bind(page)
  page.close = () => {
    side.close()
    close()
  }
  return page
}

/** A channel that was just made is given away, to nobody: browsers that do not do that throw. */
function mayTransfer(): boolean {
  const connection = new RTCPeerConnection()
  const { port1, port2 } = new MessageChannel()
  try {
    const channel = connection.createDataChannel('', { negotiated: true, id: 0 })
    port1.postMessage(channel, [channel as unknown as Transferable])
    return true
  } catch {
    return false
  } finally {
    port1.close()
    port2.close()
    connection.close()
  }
}
