/** The life of a process: components start in order and close in reverse, within one deadline. */

import type { Logger } from './logger.ts'

/** What has a life inside a process. `close` is idempotent and waits for what the component owns. */
export interface Component {
  readonly name: string
  start?(): Promise<void> | void
  close(reason?: string): Promise<void> | void
}

export interface LifecycleOptions {
  logger: Logger
  /** Time all components together have to close, milliseconds. */
  deadlineMs?: number
}

// Ctrl-C must end everything within 3 s; half a second is left for the process itself.
export const CLOSE_DEADLINE_MS = 2500

/** Starts components in the order they were added; closes those that started in reverse. */
export class Lifecycle {
  /** Resolves when everything is closed (or the deadline has passed). */
  readonly closed: Promise<void>
  readonly #logger: Logger
  readonly #deadlineMs: number
  readonly #components: Component[] = []
  readonly #started: Component[] = []
  #closing: Promise<void> | null = null
  #resolveClosed: () => void = () => {}

  constructor(options: LifecycleOptions) {
    this.#logger = options.logger
    this.#deadlineMs = options.deadlineMs ?? CLOSE_DEADLINE_MS
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve))
  }

  add(component: Component): this {
    this.#components.push(component)
    return this
  }

  get isClosing(): boolean {
    return this.#closing !== null
  }

  /** Starts everything; when one component fails, closes those before it and throws what it threw. */
  async start(): Promise<void> {
    for (const component of this.#components) {
      if (this.isClosing) return
      this.#started.push(component)
      try {
        await component.start?.()
      } catch (error) {
        await this.close(`${component.name} failed to start`)
        throw error
      }
    }
  }

  /** Closes everything in reverse order. Never rejects: a component's failure is logged. */
  close(reason = 'closed'): Promise<void> {
    this.#closing ??= this.#closeAll(reason).finally(() => this.#resolveClosed())
    return this.#closing
  }

  async #closeAll(reason: string): Promise<void> {
    this.#logger.debug({ reason }, 'closing')
    const endsAt = Date.now() + this.#deadlineMs
    const slow: Promise<void>[] = []
    for (const component of this.#started.toReversed()) {
      const closing = this.#closeOne(component, reason)
      // A component that hangs takes at most half of what is left, so that those after it still get to close.
      const isDone = await settlesWithin(closing, (endsAt - Date.now()) / 2)
      if (!isDone) {
        this.#logger.warn({ component: component.name }, 'component is slow to close')
        slow.push(closing)
      }
    }
    if (slow.length === 0) return
    const isDone = await settlesWithin(Promise.all(slow), endsAt - Date.now())
    if (!isDone)
      this.#logger.warn({ deadlineMs: this.#deadlineMs }, 'gave up waiting for components to close')
  }

  async #closeOne(component: Component, reason: string): Promise<void> {
    try {
      await component.close(reason)
    } catch (error) {
      this.#logger.error({ err: error, component: component.name }, 'component failed to close')
    }
  }
}

async function settlesWithin(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, limitMs))
  })
  const isDone = await Promise.race([promise.then(() => true as const), timeout])
  clearTimeout(timer)
  return isDone
}
