/** A publisher that can be killed, stopped and started again: a real ffmpeg that paces and counts its own frames. */
import { Publisher } from './publisher.ts'
import { counterAt, counterInputs } from './counting-picture.ts'

export interface SourceShape {
  size: string
  fps: number
  sampleRate: number
  keyframeSeconds: number
}

export const SMALL: SourceShape = { size: '320x180', fps: 30, sampleRate: 48_000, keyframeSeconds: 2 }

/** One run of the publisher's process. */
export interface SourceRun {
  shape: SourceShape
  startedAtMs: number
  firstCounter: number
  endedAtMs: number | null
}

export class CounterSource {
  readonly runs: SourceRun[] = []
  readonly #url: string
  #publisher: Publisher | null = null

  constructor(url: string) {
    this.#url = url
  }

  get isRunning(): boolean {
    const child = this.#publisher?.child
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** Resolves with its exit code when the process that runs now has ended. */
  get exited(): Promise<number | null> {
    return this.#publisher?.exited ?? Promise.resolve(null)
  }

  /** What the process that runs now has complained of. */
  get output(): string {
    return this.#publisher?.output ?? ''
  }

  start(changes: Partial<SourceShape> = {}): SourceRun {
    const shape = { ...SMALL, ...changes }
    const startedAtMs = Date.now()
    const { video, audio } = counterInputs({ ...shape, startMs: startedAtMs })
    const frames = String(Math.round(shape.fps * shape.keyframeSeconds))
    const publisher = new Publisher([
      ...['-hide_banner', '-loglevel', 'error', '-filter_threads', '1'],
      ...['-re', '-f', 'lavfi', '-i', video, '-re', '-f', 'lavfi', '-i', audio],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
      ...['-threads', '1', '-b:v', '400k', '-g', frames, '-keyint_min', frames, '-sc_threshold', '0'],
      ...['-c:a', 'aac', '-b:a', '96k', '-flush_packets', '1', '-f', 'flv', this.#url],
    ])
    const run: SourceRun = {
      shape,
      startedAtMs,
      firstCounter: counterAt(startedAtMs, shape.fps),
      endedAtMs: null,
    }
    void publisher.exited.then(() => (run.endedAtMs ??= Date.now()))
    this.#publisher = publisher
    this.runs.push(run)
    return run
  }

  /** Ends the process; `SIGTERM` lets ffmpeg say goodbye (deleteStream), `SIGKILL` does not. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number> {
    const run = this.runs.at(-1)
    const atMs = Date.now()
    if (run) run.endedAtMs ??= atMs
    await this.#publisher?.close(signal)
    return atMs
  }

  /** Sends a signal without waiting for an end: SIGSTOP, SIGCONT. */
  signal(signal: NodeJS.Signals): void {
    this.#publisher?.child.kill(signal)
  }

  async close(): Promise<void> {
    if (this.isRunning) await this.kill()
  }
}
