/** A shield's way to the origin, by a token for each object: without it the shield asks the one that has it, who has the object, too, or soon. */
import { setTimeout as delay } from 'node:timers/promises'
import type { FlvRequest, ObjectRequest } from '../media-path.ts'
import type { Upstream, UpstreamAnswer } from '../upstream.ts'
import { anonymousName, TOKEN_MS, type FetchBucket } from './fetch-bucket.ts'

export interface BucketUpstreamOptions {
  upstream: Upstream
  bucket: FetchBucket
  /** All shields of the cluster by the addresses that edges have of them. */
  shields: ReadonlyMap<string, Upstream>
  /** This one's own, once it listens. Where it is not among `shields`, nobody can ask this one. */
  ownUrl: () => string
  onTaking: (result: BucketResult) => void
}

/** `peer`: another shield was asked. `waited`: this one has had its fetch of this second. */
export type BucketResult = 'taken' | 'peer' | 'waited' | 'open'

/** A shield that has the token answers within this, or the origin is asked beside it. */
const PEER_MS = 500
const LOOK_AGAIN_MS = 100

export class BucketUpstream implements Upstream {
  readonly #options: BucketUpstreamOptions
  readonly #anonymous = anonymousName()

  constructor(options: BucketUpstreamOptions) {
    this.#options = options
  }

  async ask(request: ObjectRequest | FlvRequest, signal: AbortSignal): Promise<UpstreamAnswer> {
    const { upstream, onTaking } = this.#options
    if (!isCounted(request)) return upstream.ask(request, signal)
    const result = await this.#take(request, signal)
    if (typeof result === 'string') {
      onTaking(result)
      return upstream.ask(request, signal)
    }
    onTaking('peer')
    return (await askPeer(result, request, signal)) ?? upstream.ask(request, signal)
  }

  async close(): Promise<void> {
    const { upstream, bucket, shields } = this.#options
    await bucket.close()
    await Promise.all([upstream, ...shields.values()].map((each) => each.close()))
  }

  /** Whether the origin may be asked and why, or whom to ask instead. */
  async #take(
    { path }: ObjectRequest,
    signal: AbortSignal,
  ): Promise<Exclude<BucketResult, 'peer'> | Upstream> {
    const { bucket, shields, ownUrl } = this.#options
    const own = shields.has(ownUrl()) ? ownUrl() : this.#anonymous
    const endsAtMs = performance.now() + TOKEN_MS
    for (let result: 'taken' | 'waited' = 'taken'; ; result = 'waited') {
      const taking = await bucket.take(path, own)
      if (taking.how === 'taken') return result
      if (taking.how === 'open') return 'open'
      const peer = shields.get(taking.holder)
      if (taking.holder !== own) return peer ?? 'open'
      if (signal.aborted || performance.now() >= endsAtMs) return 'waited'
      await delay(LOOK_AGAIN_MS, null, { signal }).catch(() => null)
    }
  }
}

/** Objects that have a name for good. A playlist is another one a moment later. */
function isCounted(request: ObjectRequest | FlvRequest): request is ObjectRequest {
  return request.kind === 'part' || request.kind === 'segment' || request.kind === 'init'
}

/** Null where it has nothing of use, or nothing soon. */
async function askPeer(
  peer: Upstream,
  request: ObjectRequest,
  signal: AbortSignal,
): Promise<UpstreamAnswer | null> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), PEER_MS)
  try {
    const answer = await peer.ask(request, AbortSignal.any([signal, late.signal]))
    if (answer.status === 200 || answer.status === 404) return answer
    late.abort()
    return null
  } catch {
    return null
  } finally {
    clearTimeout(timer)
  }
}
