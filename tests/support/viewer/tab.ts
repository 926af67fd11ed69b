/**
 * A tab of the browser that is driven without emulation, so that it can be hidden as a viewer hides it, and whose renderer process
 * is known, so that it can be killed alone.
 */
import type { Browser, CDPSession } from 'playwright-core'
import { treeCpuSeconds } from '../cpu.ts'
import { eventually } from '../eventually.ts'

export interface TabOptions {
  url: string
  /** Run before the page's own. */
  scripts?: readonly string[]
}

interface Answer {
  id?: number
  result?: unknown
  error?: { message: string }
}

const ANSWER_LIMIT_MS = 20_000
const BUSY_MS = 60
const IS_LOADED = "location.href !== 'about:blank' && document.readyState === 'complete'"

export class Tab {
  /** Of its renderer. */
  readonly pid: number
  readonly #session: TabSession
  readonly #contextId: string

  private constructor(session: TabSession, contextId: string, pid: number) {
    this.#session = session
    this.#contextId = contextId
    this.pid = pid
  }

  static async open(browser: Browser, { url, scripts = [] }: TabOptions): Promise<Tab> {
    const cdp = await browser.newBrowserCDPSession()
    const { browserContextId } = await cdp.send('Target.createBrowserContext')
    const session = await TabSession.create(cdp, browserContextId)
    await session.send('Page.enable')
    for (const source of scripts) await session.send('Page.addScriptToEvaluateOnNewDocument', { source })
    await session.send('Page.navigate', { url })
    await eventually(() => evaluateIn<boolean>(session, IS_LOADED).catch(() => false))
    return new Tab(session, browserContextId, await rendererOf(session, cdp))
  }

  evaluate<Value>(expression: string): Promise<Value> {
    return evaluateIn(this.#session, expression)
  }

  /** Another tab comes before it, in the same window. */
  async hide(): Promise<void> {
    await this.#session.cdp.send('Target.createTarget', {
      url: 'about:blank',
      browserContextId: this.#contextId,
    })
    await eventually(() => this.evaluate<boolean>('document.hidden'))
  }

  /** Comes before the others again. */
  async show(): Promise<void> {
    await this.#session.cdp.send('Target.activateTarget', { targetId: this.#session.targetId })
    await eventually(() => this.evaluate<boolean>('!document.hidden'))
  }

  /** To its renderer alone. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  /** As a viewer closes a tab: the page hears of it, and is not waited for. */
  async closeTab(): Promise<void> {
    await this.#session.cdp.send('Target.closeTarget', { targetId: this.#session.targetId })
  }

  /** With all that belongs to it, also when its renderer is gone or stands still. */
  async close(): Promise<void> {
    try {
      this.signal('SIGKILL')
    } catch {
      // gone already
    }
    await this.#session.close(this.#contextId)
  }
}

/** Messages to one tab by way of the browser: Playwright drives no tabs that it has not made. */
class TabSession {
  readonly cdp: CDPSession
  readonly targetId: string
  readonly #sessionId: string
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #lastId = 0

  private constructor(cdp: CDPSession, targetId: string, sessionId: string) {
    this.cdp = cdp
    this.targetId = targetId
    this.#sessionId = sessionId
    cdp.on('Target.receivedMessageFromTarget', ({ sessionId: from, message }) => {
      if (from !== sessionId) return
      const answer = JSON.parse(message) as Answer
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer)
    })
  }

  static async create(cdp: CDPSession, browserContextId: string): Promise<TabSession> {
    const { targetId } = await cdp.send('Target.createTarget', { url: 'about:blank', browserContextId })
    const { sessionId } = await cdp.send('Target.attachToTarget', { targetId, flatten: false })
    return new TabSession(cdp, targetId, sessionId)
  }

  async send(method: string, params: Record<string, unknown> = {}): Promise<unknown> {
    const id = ++this.#lastId
    const answered = new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, resolve)
      const late = (): void => reject(new Error(`the tab does not answer to ${method}`))
      setTimeout(late, ANSWER_LIMIT_MS).unref()
    })
    const message = JSON.stringify({ id, method, params })
    try {
      await this.cdp.send('Target.sendMessageToTarget', { sessionId: this.#sessionId, message })
      const { result, error } = await answered
      if (error) throw new Error(`${method}: ${error.message}`)
      return result
    } finally {
      this.#waiting.delete(id)
      answered.catch(() => undefined)
    }
  }

  async close(browserContextId: string): Promise<void> {
    await this.cdp.send('Target.disposeBrowserContext', { browserContextId }).catch(() => undefined)
    await this.cdp.detach().catch(() => undefined)
  }
}

async function evaluateIn<Value>(session: TabSession, expression: string): Promise<Value> {
  const params = { expression, returnByValue: true, awaitPromise: true }
  const { result, exceptionDetails } = (await session.send('Runtime.evaluate', params)) as {
    result: { value?: unknown }
    exceptionDetails?: { text: string; exception?: { description?: string } }
  }
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
  return result.value as Value
}

/** The one that works when the page does: browsers start, and end, others by themselves, and no message tells whose is whose. */
async function rendererOf(session: TabSession, cdp: CDPSession): Promise<number> {
  const pids = await rendererPids(cdp)
  const before = pids.map(treeCpuSeconds)
  await evaluateIn(
    session,
    `{ const end = performance.now() + ${BUSY_MS}; while (performance.now() < end); }`,
  )
  const spent = pids.map((pid, at) => treeCpuSeconds(pid) - (before[at] ?? 0))
  const most = Math.max(...spent)
  const pid = pids[spent.indexOf(most)]
  if (pid === undefined || most < BUSY_MS / 2000) throw new Error(`none of ${pids.length} renderers works`)
  return pid
}

async function rendererPids(cdp: CDPSession): Promise<number[]> {
  const { processInfo } = await cdp.send('SystemInfo.getProcessInfo')
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
}
