/** What the encoders have used of the processor, those that are gone included: from /proc, and nothing where there is none. */
import { readFileSync } from 'node:fs'

// USER_HZ, which Linux fixes at 100 for everything it shows in /proc.
const TICKS_PER_SECOND = 100

export class EncoderCpu {
  readonly #read: (pid: number) => number | null
  readonly #last = new Map<number, number>()
  #totalSeconds = 0

  constructor(read = cpuSecondsOf) {
    this.#read = read
  }

  /** Seconds of all of them so far, which never grow less; what one used after it was last looked at is lost with it. */
  totalSeconds(pids: readonly number[]): number {
    for (const pid of this.#last.keys()) if (!pids.includes(pid)) this.#last.delete(pid)
    for (const pid of pids) {
      const seconds = this.#read(pid)
      if (seconds === null) continue
      this.#totalSeconds += Math.max(0, seconds - (this.#last.get(pid) ?? 0))
      this.#last.set(pid, seconds)
    }
    return this.#totalSeconds
  }
}

/** User and system time of a process and all its threads (proc(5), fields 14 and 15 of stat). */
function cpuSecondsOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  } catch {
    return null
  }
}
