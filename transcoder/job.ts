/** Encodes one program until it ends: looks at its source, chooses the ladder, runs ffmpeg, and runs it again when it dies. */
import { PassThrough, type Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { runFfmpeg, type FfmpegProcess } from '../runtime/ffmpeg.ts'
import type { Logger } from '../runtime/logger.ts'
import { encoderArguments } from './arguments.ts'
import type { Admission, Preset } from './cost.ts'
import { readBeginning } from './feed-beginning.ts'
import { chooseLadder, type LadderConfig, type Rendition } from './ladder.ts'
import type { EncodingPlan, OriginClient } from './origin-client.ts'
import { judgeSource, probeSource, type Notice, type SourceLimits } from './probe.ts'

export interface JobOptions {
  id: string
  fence: number
  origin: OriginClient
  ladder: LadderConfig
  limits: SourceLimits
  logger: Logger
  /**
   * Whether there is room for a ladder, and at which preset; one that others have begun with is kept, room or not. A text
   * says why the program is refused; null: it is left to another transcoder.
   */
  admit: (
    source: EncodingPlan['source'],
    renditions: readonly Rendition[],
    begunWith: Preset | null,
  ) => Admitted | string | null
}

/** An admission, and what its streamer should know of it. */
export interface Admitted extends Admission {
  notices: Notice[]
}

interface Prepared {
  plan: EncodingPlan
  preset: Preset
}

/** `lost`: the origin was not there, or broke off. It says nothing of the stream, and nothing is refused for it. */
type Outcome = { kind: 'over' } | { kind: 'failed' | 'lost'; why: string }

const OVER: Outcome = { kind: 'over' }
const MAX_FAILURES = 6
/** After so many in a row, three seconds, the job is left to whoever takes it next: perhaps another sees the origin. */
const MAX_LOSSES = 8
/** An encoder that lived this long was well: what ends it then is a new failure, not another of a series. */
const HEALTHY_AFTER_MS = 15_000
const RETRY_STEP_MS = 100
/** What an encoder still holds at the end of its feed is written within this time, or not at all. */
const WRITE_OUT_MS = 5000
/** The encoder's standard input: what waits there beyond this much is a backlog that ffmpeg works off at its own pace. */
const INPUT_BUFFER_BYTES = 1024 * 1024

export class Job {
  readonly id: string
  /** Settles when the program has ended, was refused, or is no longer ours. Never rejects. */
  readonly done: Promise<void>
  /** Of the lease that the job is held by; a later one counts from the next encoder on. */
  fence: number
  readonly #options: JobOptions
  readonly #closing = new AbortController()
  #process: FfmpegProcess | null = null
  #prepared: Prepared | null = null

  constructor(options: JobOptions) {
    this.id = options.id
    this.fence = options.fence
    this.#options = options
    this.done = this.#run()
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#process?.kill()
    await this.done
  }

  async #run(): Promise<void> {
    const series = { failed: 0, lost: 0 }
    while (!this.#closing.signal.aborted) {
      const startedAtMs = Date.now()
      const outcome = await this.#encode().catch((error: unknown): Outcome => {
        return { kind: 'lost', why: String(error) }
      })
      if (outcome.kind === 'over' || this.#closing.signal.aborted) return
      // An encoder that breaks off because its program was ended is no failure.
      if (await this.#isJobOver()) return
      const isNewSeries = Date.now() - startedAtMs > HEALTHY_AFTER_MS
      series[outcome.kind] = isNewSeries ? 1 : series[outcome.kind] + 1
      this.#options.logger.warn({ ...series, outcome: outcome.why }, 'encoder ended: starting another')
      if (series.lost >= MAX_LOSSES) return
      if (series.failed >= MAX_FAILURES)
        return void (await this.#refuse('encoder_failed', 'the server could not encode this stream'))
      // The first restart is at once: viewers live from their buffers.
      const waitMs = (series[outcome.kind] - 1) * RETRY_STEP_MS
      await sleep(waitMs, undefined, { signal: this.#closing.signal }).catch(() => {})
    }
  }

  async #isJobOver(): Promise<boolean> {
    return this.#options.origin.job(this.id).then(
      (job) => job === null,
      () => false,
    )
  }

  /** One encoder's life. Throws what the origin's absence throws. */
  async #encode(): Promise<Outcome> {
    const { id, origin } = this.#options
    const job = await origin.job(id)
    if (!job) return OVER
    const feed = await origin.feed(id, { part: job.nextPart, fence: this.fence }, this.#closing.signal)
    if (!feed) return OVER
    feed.on('error', () => {}) // its end shows in the encoder's
    try {
      return await this.#encodeFeed(feed, job)
    } finally {
      feed.destroy() // also one that nobody reads: it would keep its connection
    }
  }

  async #encodeFeed(
    feed: Readable,
    { frameRate, plan }: { frameRate: number | null; plan: EncodingPlan | null },
  ): Promise<Outcome> {
    const { id, origin } = this.#options
    const beginning = await readBeginning(feed, frameRate !== null || plan !== null)
    if (!beginning) return OVER
    this.#prepared ??= plan
      ? await this.#admit(plan)
      : await this.#prepare(beginning.bytes, frameRate ?? beginning.measuredRate)
    if (!this.#prepared) return OVER
    const start = await origin.startEncoder(id, this.fence, this.#prepared.plan)
    if (!start) return OVER
    return this.#runEncoder(feed, beginning.bytes, start)
  }

  async #prepare(beginning: Uint8Array, frameRate: number | null): Promise<Prepared | null> {
    const judged = judgeSource(await probeSource(beginning).catch(() => null), this.#options.limits)
    if ('code' in judged) return this.#refuse(judged.code, judged.message)
    const renditions = chooseLadder(
      { ...judged, frameRate: frameRate ?? judged.frameRate },
      this.#options.ladder,
    )
    const { width, height } = judged
    const source = { width, height }
    return this.#admit({ fps: renditions[0]?.fps ?? 30, source, renditions, notices: [] })
  }

  /** Finds room for a ladder: a new one, or what an encoder elsewhere has begun. */
  async #admit(wanted: EncodingPlan): Promise<Prepared | null> {
    const { source, renditions, fps } = wanted
    const admission = this.#options.admit(source, renditions, wanted.preset ?? null)
    if (admission === null) {
      this.#options.logger.info('no room here: another transcoder has')
      return null
    }
    if (typeof admission === 'string') return this.#refuse('capacity_exceeded', admission)
    const { preset, cores, notices } = admission
    const rungs = renditions.map((rung) => rung.name).join(' ')
    this.#options.logger.info({ ...source, fps, rungs, preset, cores }, 'encoding')
    for (const { code, message } of notices)
      this.#options.logger.warn({ code, reason: message }, 'encoding otherwise than configured')
    return { plan: { ...wanted, preset, notices }, preset }
  }

  async #runEncoder(
    feed: Readable,
    beginning: Buffer,
    start: { firstPart: number; intakeToken: string },
  ): Promise<Outcome> {
    const { id, origin, logger } = this.#options
    if (!this.#prepared || this.#closing.signal.aborted) return OVER
    const { plan, preset } = this.#prepared
    const input = new PassThrough({ highWaterMark: INPUT_BUFFER_BYTES })
    input.on('error', () => {})
    input.write(beginning)
    feed.pipe(input)
    const options = { ladder: plan.renditions, preset, ...start }
    const intakeUrl = (rendition: string): string => origin.intakeUrl(id, rendition)
    const encoder = runFfmpeg({ input, ...encoderArguments({ ...options, intakeUrl }) }, (line) => {
      logger.debug({ line }, 'encoder')
    })
    this.#process = encoder
    const stopFollowing = endWithFeed(encoder, feed)
    const { error } = await encoder.exited
    stopFollowing()
    this.#process = null
    input.destroy()
    if (feed.destroyed && !feed.readableEnded) return { kind: 'lost', why: 'the feed broke off' }
    return error === null ? OVER : { kind: 'failed', why: error }
  }

  async #refuse(code: string, message: string): Promise<null> {
    this.#options.logger.warn({ code, reason: message }, 'program refused')
    await this.#options.origin.refuse(this.id, { code, message }).catch(() => {})
    return null
  }
}

/**
 * An encoder lives as long as its feed. One whose feed breaks off is of no use, and may be one that the origin found hanging:
 * it would not notice by itself. One whose feed ends writes out what it holds, unless it hangs.
 */
function endWithFeed(encoder: FfmpegProcess, feed: Readable): () => void {
  let timer: NodeJS.Timeout | null = null
  const end = (): void => {
    if (feed.readableEnded) timer = setTimeout(() => encoder.kill(), WRITE_OUT_MS)
    else encoder.kill()
  }
  if (feed.destroyed) end()
  else feed.once('close', end)
  return () => {
    feed.off('close', end)
    if (timer) clearTimeout(timer)
  }
}
