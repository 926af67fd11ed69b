/** A published part as a fragment of a recording: without its META, under another track id, its time counted from the recording's start. Pure. */
import { readBoxes, type Box } from '../box.ts'
import { MediaError } from '../media-error.ts'

export interface Retracking {
  trackId: number
  /** mfhd's sequence_number. */
  sequence: number
  /** Taken off the decode time, in the track's timescale. */
  startTime: number
}

/** `moof` and `mdat` of a part, copied and changed. Throws `MediaError` where the part is not as ours are, or begins before `startTime`. */
export function retrackPart(part: Uint8Array, { trackId, sequence, startTime }: Retracking): Uint8Array {
  const boxes = readBoxes(part)
  const at = boxes.findIndex(({ type }) => type === 'moof')
  const moof = boxes[at]
  const mdat = boxes[at + 1]
  if (!moof || mdat?.type !== 'mdat') throw new MediaError('a part holds one moof with its mdat behind it')
  const copy = part.slice(moof.start, mdat.end)
  const view = new DataView(copy.buffer)
  const traf = childOf(copy, { start: 0, end: moof.end - moof.start }, 'traf')
  view.setUint32(childOf(copy, { start: 0, end: moof.end - moof.start }, 'mfhd').start + 12, sequence)
  view.setUint32(childOf(copy, traf, 'tfhd').start + 12, trackId)
  const tfdt = childOf(copy, traf, 'tfdt').start
  if (copy[tfdt + 8] !== 1) throw new MediaError('tfdt of a part has 64 bits')
  const time = view.getBigUint64(tfdt + 12) - BigInt(startTime)
  if (time < 0n) throw new MediaError(`part begins ${-time} units before the recording`)
  view.setBigUint64(tfdt + 12, time)
  return copy
}

/** A box inside another, with offsets from the start of `bytes`. */
function childOf(
  bytes: Uint8Array,
  parent: Pick<Box, 'start' | 'end'>,
  type: string,
): Pick<Box, 'start' | 'end'> {
  const from = parent.start + 8
  const child = readBoxes(bytes.subarray(from, parent.end)).find((box) => box.type === type)
  if (!child) throw new MediaError(`no box ${type}`)
  return { start: from + child.start, end: from + child.end }
}
