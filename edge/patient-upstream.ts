/**
 * Waits with those who wait: what the origin may hold until it is made is asked for again while the origin is away or
 * starting, for as long as the origin itself would hold it. Its restart is then a longer wait, and no viewer's failure.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { HeadwaterError } from '../runtime/errors.ts'
import type { FlvRequest, ObjectRequest } from './media-path.ts'
import type { Upstream, UpstreamAnswer } from './upstream.ts'
import { Late } from './upstreams/late.ts'

/** RFC 8216bis, 6.2.5.2: three target durations. */
const HOLD_MS = 18_000
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 1000

export class PatientUpstream implements Upstream {
  readonly #upstream: Upstream
  readonly #holdMs: number

  constructor(upstream: Upstream, holdMs = HOLD_MS) {
    this.#upstream = upstream
    this.#holdMs = holdMs
  }

  /** Throws `part_timeout`, to be asked for again, where the origin was away for the whole time; `Late` where it is there and silent. */
  async ask(request: ObjectRequest | FlvRequest, signal: AbortSignal): Promise<UpstreamAnswer> {
    if (!isWorthWaiting(request)) return this.#upstream.ask(request, signal)
    const endsAtMs = Date.now() + this.#holdMs
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      const answer = await this.#tryOnce(request, signal, endsAtMs)
      if (!(answer instanceof Error)) return answer
      // Jitter, so that those who wait for many parts do not meet a starting origin in one instant.
      await delay(pauseMs * (0.5 + Math.random()), null, { signal }).catch(() => null)
      if (signal.aborted || Date.now() >= endsAtMs)
        throw new HeadwaterError('part_timeout', `the origin has been away for ${this.#holdMs / 1000} s`, {
          cause: answer,
        })
    }
  }

  async close(): Promise<void> {
    await this.#upstream.close()
  }

  /** An error where it may be tried again. */
  async #tryOnce(
    request: ObjectRequest,
    signal: AbortSignal,
    endsAtMs: number,
  ): Promise<UpstreamAnswer | Error> {
    // An origin that came back in the middle begins to hold anew.
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), Math.max(0, endsAtMs - Date.now()) + MAX_PAUSE_MS)
    try {
      const answer = await this.#upstream.ask(request, AbortSignal.any([signal, late.signal]))
      if (!answer.isStarting) return answer
      for await (const _ of answer.body) continue
      return new Error('the origin is starting')
    } catch (cause) {
      if (cause instanceof Late) throw cause
      return cause instanceof Error ? cause : new Error(String(cause))
    } finally {
      clearTimeout(timer)
    }
  }
}

/** A plain playlist has an older one to be answered with, init segments and multivariant playlists nobody waits for. */
function isWorthWaiting(request: ObjectRequest | FlvRequest): request is ObjectRequest {
  if (request.kind === 'playlist') return request.msn !== null
  return request.kind === 'part' || request.kind === 'segment'
}
