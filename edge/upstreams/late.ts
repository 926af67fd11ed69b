/** An upstream has not begun to answer in time: why a request is given up, and what its asker is told. */
import { HeadwaterError } from '../../runtime/errors.ts'

export class Late extends HeadwaterError {
  /** What was asked for is known to be there: that it does not come is a failure, not a wait. */
  readonly isDue: boolean

  constructor(capMs: number, isDue: boolean) {
    const message = isDue ? `no upstream answers within ${capMs} ms` : `nothing came within ${capMs} ms`
    super(isDue ? 'upstream_unavailable' : 'part_timeout', message)
    this.isDue = isDue
  }
}

/** Whether a request was given up because something that is there did not come. */
export function isOverdue(signal: AbortSignal): boolean {
  return signal.reason instanceof Late && signal.reason.isDue
}
