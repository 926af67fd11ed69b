/** How an engine's life ends: told once, to everyone who asks. */
import type { EngineEnd } from './engine.ts'
import { PlayerError, type PlayerErrorCode } from '../player-error.ts'

export class Ending {
  readonly closed: Promise<EngineEnd>
  #isOver = false
  #resolve: (end: EngineEnd) => void = () => undefined

  constructor() {
    this.closed = new Promise((resolve) => (this.#resolve = resolve))
  }

  get isOver(): boolean {
    return this.#isOver
  }

  close(): void {
    this.#end({ reason: 'closed' })
  }

  fail(error: unknown, code: PlayerErrorCode = 'media_failed'): void {
    const known =
      error instanceof PlayerError ? error : new PlayerError(code, 'the engine failed', { cause: error })
    this.#end({ reason: 'failed', error: known })
  }

  #end(end: EngineEnd): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#resolve(end)
  }
}
