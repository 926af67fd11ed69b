/** A reason on the wire is its place in the list of its kind. */
import { FrameError } from './frame-error.ts'

export function reasonCode<Reason extends string>(reasons: readonly Reason[], reason: Reason): number {
  const code = reasons.indexOf(reason)
  if (code < 0) throw new FrameError(`reason ${reason} is not known`)
  return code
}

export function parseReason<Reason extends string>(reasons: readonly Reason[], code: number): Reason {
  const reason = reasons[code]
  if (reason === undefined) throw new FrameError(`reason ${code}, ${reasons.length} are known`)
  return reason
}
