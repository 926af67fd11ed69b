/** A cable with a round trip and losses, between a network namespace and the machine: compiled where there is a C compiler. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Of what passes between two viewers, and between a viewer and the server. */
export interface PathQuality {
  rttMs: number
  /** of each datagram, one way, 0 to 1 */
  loss: number
}

export interface CableEnds {
  /** an interface of this machine */
  near: string
  /** an interface to be moved into a namespace */
  far: string
  /** whose frames are delayed on their way in, too */
  server: string
}

const SOURCE = path.join(import.meta.dirname, 'long-cable.c')

/** The program that is a cable. Throws where there is no compiler. */
export class CableMaker {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'headwater-cable-'))
  readonly #program = path.join(this.#folder, 'long-cable')

  constructor() {
    execFileSync('cc', ['-O2', '-o', this.#program, SOURCE], { stdio: ['ignore', 'ignore', 'pipe'] })
  }

  /** Resolves when both ends are there. */
  async make({ near, far, server }: CableEnds, { rttMs, loss }: PathQuality): Promise<LongCable> {
    // two viewers have two cables between them, and each loses on the way in and on the way out
    const lossOfCable = 1 - Math.sqrt(1 - loss)
    const words = [near, far, `${Math.round(rttMs * 500)}`, `${lossOfCable}`, server]
    const child = spawn(this.#program, words, { stdio: ['pipe', 'pipe', 'inherit'] })
    const isReady = await Promise.race([
      once(child.stdout, 'data').then(() => true),
      once(child, 'exit').then(() => false),
    ])
    if (!isReady) throw new Error(`no cable between ${near} and ${far}: TAP interfaces are needed`)
    return new LongCable(child)
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

export class LongCable {
  readonly #child: ChildProcess

  constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Its ends are gone with it. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.stdin?.end()
    await gone
  }
}
