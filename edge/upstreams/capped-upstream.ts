/**
 * Bounds the wait for the head of an answer: whoever asks for what is there is told soon that it does not come. What is still to be
 * made is waited for as long as its upstream holds the request.
 */
import type { FlvRequest, ObjectRequest } from '../media-path.ts'
import type { TrackHeads } from '../track-heads.ts'
import type { Upstream, UpstreamAnswer } from '../upstream.ts'
import { Late } from './late.ts'

export interface CappedUpstreamOptions {
  upstream: Upstream
  heads: Pick<TrackHeads, 'standingOf'>
  capMs?: number
}

/** Longer than the last of several upstreams is asked after (1 s), shorter than a segment. */
export const CAP_MS = 1150

export class CappedUpstream implements Upstream {
  readonly #upstream: Upstream
  readonly #heads: Pick<TrackHeads, 'standingOf'>
  readonly #capMs: number

  constructor({ upstream, heads, capMs = CAP_MS }: CappedUpstreamOptions) {
    this.#upstream = upstream
    this.#heads = heads
    this.#capMs = capMs
  }

  /** Throws `Late` besides what the upstream throws. */
  async ask(request: ObjectRequest | FlvRequest, signal: AbortSignal): Promise<UpstreamAnswer> {
    const standing = request.kind === 'flv' ? 'there' : this.#heads.standingOf(request)
    if (standing === 'ahead') return this.#upstream.ask(request, signal)
    const late = new Late(this.#capMs, standing === 'there')
    const cap = new AbortController()
    const timer = setTimeout(() => cap.abort(late), this.#capMs)
    try {
      return await this.#upstream.ask(request, AbortSignal.any([signal, cap.signal]))
    } catch (cause) {
      throw cap.signal.aborted && !signal.aborted ? late : cause
    } finally {
      clearTimeout(timer)
    }
  }

  async close(): Promise<void> {
    await this.#upstream.close()
  }
}
