/**
 * One session after the other: another try when one fails, patience while there is no program, rest after its end. The last
 * picture stays on the stage until there is another.
 */
import { planRestart } from '../decisions/restart.ts'
import type { PlayerErrorCode } from '../player-error.ts'
import { waitMs } from '../room/backoff.ts'
import type { RoomView } from '../room/room-view.ts'
import type { EdgeChoice } from '../stream/edge-choice.ts'
import { Session, type SessionEnd, type SessionOptions } from './session.ts'
import { keepStill } from './still.ts'

export interface AttemptsOptions extends SessionOptions {
  /** what the first frame is measured from, on performance.now()'s scale */
  startedAtMs: number
}

export interface AttemptTotals {
  stalls: number
  stallMs: number
  droppedFrames: number
  bytes: number
}

/** So long without trouble makes earlier failures forgotten. */
const STEADY_MS = 30_000
/** After an end the room is looked at this often, even if nobody tells of a change. */
const REST_MS = 60_000

export class Attempts {
  readonly #options: AttemptsOptions
  readonly #closing = new AbortController()
  #room: Pick<RoomView, 'state' | 'programId'> = { state: 'idle', programId: null }
  #session: Session | null = null
  #hasEnded = false
  #error: PlayerErrorCode | null = null
  #firstFrameMs: number | null = null
  #past: AttemptTotals = { stalls: 0, stallMs: 0, droppedFrames: 0, bytes: 0 }
  #wake = new AbortController()
  #isTrying = false
  #edges: EdgeChoice | null = null
  #dropStill: (() => void) | null = null

  constructor(options: AttemptsOptions) {
    this.#options = options
  }

  get session(): Session | null {
    return this.#session
  }

  /** The program's last picture was shown. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** What the viewer is told of; trying goes on where that makes sense. */
  get error(): PlayerErrorCode | null {
    return this.#error
  }

  get firstFrameMs(): number | null {
    return this.#firstFrameMs
  }

  /** A picture of the program is on the stage, moving or not. */
  get hasPicture(): boolean {
    return (this.#session?.firstFrameAtMs ?? null) !== null || this.showsStill
  }

  /** Between two tries: the last picture stands on the stage, and the player goes on by itself. */
  get showsStill(): boolean {
    return this.#dropStill !== null
  }

  /** Over all sessions. */
  totals(): AttemptTotals {
    const now = this.#session?.totals(performance.now()) ?? { stalls: 0, stallMs: 0, droppedFrames: 0 }
    return {
      stalls: this.#past.stalls + now.stalls,
      stallMs: this.#past.stallMs + now.stallMs,
      droppedFrames: this.#past.droppedFrames + now.droppedFrames,
      bytes: this.#past.bytes + (this.#session?.parts.meter.bytes ?? 0),
    }
  }

  start(): void {
    void this.#run()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#endSession()
    this.#edges?.close()
    this.#removeStill()
  }

  setRoom(room: RoomView): void {
    const before = this.#room
    this.#room = room
    if (!isOn(room) || (isOn(before) && room.programId === before.programId)) return
    this.#wake.abort()
    this.retry()
  }

  /** The network is back, or the device woke up: nothing waits any longer. */
  wake(): void {
    this.#session?.parts.http.wake()
    this.#wake.abort()
  }

  /** Tries again after an error, or sooner than it would have. */
  retry(): void {
    if (this.#error === null) return
    this.#error = null
    if (this.#isTrying) this.#wake.abort()
    else void this.#run()
  }

  async #run(): Promise<void> {
    this.#isTrying = true
    await this.#tryOn()
    this.#isTrying = false
  }

  async #tryOn(): Promise<void> {
    let failures = 0
    for (let wellAtMs = performance.now(); !this.#closing.signal.aborted;) {
      const began = performance.now()
      const end = await this.#playOnce()
      if (end.reason === 'closed') return
      const now = performance.now()
      const wasSteady = now - began > STEADY_MS && this.#session?.firstFrameAtMs !== null
      if (end.reason === 'ended' || wasSteady || isAbsent(end)) wellAtMs = now
      if (wellAtMs === now) failures = 0
      if (end.reason === 'ended') {
        await this.#rest(await programOf(this.#session))
        continue
      }
      if (isAbsent(end)) this.#removeStill()
      else this.#keepStill()
      await this.#endSession()
      const { code } = end.error
      const plan = planRestart({ code, failures: ++failures, troubleMs: now - wellAtMs })
      if (plan.isTold) this.#tell(code)
      if (plan.waitMs === null) return
      await this.#pause(plan.waitMs)
    }
  }

  #playOnce(): Promise<SessionEnd> {
    const edges = this.#edges
    const session = new Session({ ...this.#options, edges, onChange: () => this.#onChange() })
    this.#edges = session.parts.edges
    this.#session = session
    void session.start()
    return session.closed
  }

  #onChange(): void {
    const at = this.#session?.firstFrameAtMs ?? null
    if (at !== null) {
      this.#firstFrameMs ??= Math.round(at - this.#options.startedAtMs)
      this.#error = null
      this.#removeStill()
    }
    this.#options.onChange()
  }

  /** After the end of a program: its last picture stays until another one begins. */
  async #rest(program: string | null): Promise<void> {
    this.#hasEnded = true
    this.#options.onChange()
    while (!this.#closing.signal.aborted) {
      if (isOn(this.#room) && this.#room.programId !== program) break
      await this.#pause(REST_MS)
    }
    this.#hasEnded = false
    await this.#endSession()
  }

  async #endSession(): Promise<void> {
    const session = this.#session
    if (!session) return
    this.#past = this.totals()
    this.#session = null
    await session.close()
    this.#options.onChange()
  }

  /** Waits, unless woken. */
  async #pause(ms: number): Promise<void> {
    this.#wake = new AbortController()
    await waitMs(ms, AbortSignal.any([this.#wake.signal, this.#closing.signal]))
  }

  #tell(code: PlayerErrorCode): void {
    this.#error = code
    this.#options.onChange()
  }

  #keepStill(): void {
    const video = this.#session?.screen?.video
    if (!video || this.#session?.firstFrameAtMs === null) return
    this.#removeStill()
    this.#dropStill = keepStill(this.#options.stage, video)
  }

  #removeStill(): void {
    this.#dropStill?.()
    this.#dropStill = null
  }
}

function isOn({ state }: Pick<RoomView, 'state'>): boolean {
  return state === 'live' || state === 'interrupted'
}

/** There is nothing to play at the moment, which is no failure. */
function isAbsent(end: SessionEnd): boolean {
  return (
    end.reason === 'failed' && (end.error.code === 'room_not_live' || end.error.code === 'room_not_found')
  )
}

async function programOf(session: Session | null): Promise<string | null> {
  return (
    session?.parts.stream.master().then(
      ({ program }) => program,
      () => null,
    ) ?? null
  )
}
