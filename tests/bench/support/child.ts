/** A process of a benchmark: started from a TypeScript file, answers messages, measured from /proc. */

import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { cpuSeconds, residentMib } from '../../support/cpu.ts'

export class Child {
  readonly #process: ChildProcess

  private constructor(process: ChildProcess) {
    this.#process = process
  }

  /** Starts `file` (a URL) and waits for its first message. */
  static async start<Ready>(file: URL, args: string[]): Promise<{ child: Child; ready: Ready }> {
    const started = fork(fileURLToPath(file), args, {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 2, 2, 'ipc'],
    })
    const child = new Child(started)
    const failed = once(started, 'exit').then(() =>
      Promise.reject(new Error(`${file.pathname} ended before it was ready`)),
    )
    const [ready] = (await Promise.race([once(started, 'message'), failed])) as [Ready]
    return { child, ready }
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** Sends a message and waits for the next one back. */
  async ask<Answer>(message: unknown): Promise<Answer> {
    this.#process.send(message as object)
    const [answer] = (await once(this.#process, 'message')) as [Answer]
    return answer
  }

  /** User and system time so far. */
  cpuSeconds(): number {
    return cpuSeconds(this.pid)
  }

  /** Resident memory in MiB. */
  residentMib(): number {
    return residentMib(this.pid)
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
  }
}

/** In the child: answers each message with what `handle` returns. */
export function answerParent(ready: unknown, handle: (message: unknown) => unknown): void {
  process.on('message', async (message) => process.send?.((await handle(message)) as object))
  process.on('disconnect', () => process.exit())
  process.send?.(ready as object)
}
