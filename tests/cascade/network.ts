/** The paths between a swarm's peers, in a process of their own: candidates that are told pass through here. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Signal } from '../../edge/datachannel/connection.ts'
import { portOf, withPort, type PathQuality } from '../support/udp-links.ts'
import type { FromLinks, ToLinks } from './link-process.ts'

export class SwarmNetwork {
  readonly #process: ChildProcess
  readonly #asked = new Map<number, (port: number) => void>()
  #asks = 0

  private constructor(process: ChildProcess) {
    this.#process = process
    process.on('message', (message: FromLinks) => {
      if (message.is !== 'published') return
      this.#asked.get(message.ask)?.(message.port)
      this.#asked.delete(message.ask)
    })
  }

  static async start(quality: PathQuality, seed: number): Promise<SwarmNetwork> {
    const file = fileURLToPath(new URL('link-process.ts', import.meta.url))
    const started = fork(file, [String(seed)], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 2, 2, 'ipc'],
    })
    await once(started, 'message')
    const network = new SwarmNetwork(started)
    network.setQuality('all', quality)
    return network
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** Of these links from now on; `all`: of those to come as well. */
  setQuality(links: 'all' | string[], quality: PathQuality): void {
    this.#send({ do: 'quality', links, quality })
  }

  /** The signal as the other side is to hear it: with the link's port in place of the peer's own. */
  async carry(link: string, isFromFirst: boolean, signal: Signal): Promise<Signal | null> {
    if (signal.kind !== 'candidate' || signal.sdp === '') return signal
    const port = portOf(signal.sdp)
    if (port === null) return null
    const published = await new Promise<number>((resolve) => {
      const ask = this.#asks++
      this.#asked.set(ask, resolve)
      this.#send({ do: 'publish', link, end: isFromFirst ? 'a' : 'b', port, ask })
    })
    const sdp = withPort(signal.sdp, published)
    return sdp === null ? null : { ...signal, sdp }
  }

  async close(): Promise<void> {
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
  }

  #send(message: ToLinks): void {
    if (this.#process.connected) this.#process.send(message)
  }
}
