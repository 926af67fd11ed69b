/** Every part that viewers were given, looked at once: does it fit to its neighbours, and is it the same for everybody? */
import { createHash } from 'node:crypto'
import { parseFragmentFacts } from '../../../media/fragment.ts'
import { readPart, runningNumber, type PartHeader } from '../../../media/part.ts'

export interface PartFaults {
  /** Parts of one number with different bytes: two have made it. */
  conflicting: number
  /** Parts that do not begin where the one before them ends. */
  broken: number
  /** Parts under another number than their own, or whose `tfdt` is not the time they are signed with. */
  wrong: number
}

interface Known {
  digest: string
  header: PartHeader
}

/** A minute and a half of a track. */
const KEPT = 360

export class PartLedger {
  readonly faults: PartFaults = { conflicting: 0, broken: 0, wrong: 0 }
  /** What was found, in words, as far as it is few. */
  readonly remarks: string[] = []
  /** By track, then by running number. */
  readonly #tracks = new Map<string, Map<number, Known>>()
  readonly #conflicting = new Set<string>()

  /** `track` is the part's folder. Throws `MediaError` for what is no part. */
  enter(track: string, number: number, bytes: Uint8Array): PartHeader {
    const digest = createHash('sha1').update(bytes).digest('base64')
    const parts = this.#tracks.get(track) ?? new Map<number, Known>()
    this.#tracks.set(track, parts)
    const known = parts.get(number)
    if (known?.digest === digest) return known.header
    const { header } = readPart(bytes)
    if (known) this.#conflict(`${track}/${number}`)
    else this.#look(parts, number, header, bytes)
    parts.set(number, { digest, header })
    for (const oldest of parts.keys()) {
      if (parts.size <= KEPT) break
      parts.delete(oldest)
    }
    return header
  }

  #look(parts: ReadonlyMap<number, Known>, number: number, header: PartHeader, bytes: Uint8Array): void {
    const { baseTime } = parseFragmentFacts(bytes)
    if (runningNumber(header) !== number || baseTime !== header.mediaTime)
      this.#remark('wrong', `${header.track} ${number} says ${runningNumber(header)} at ${baseTime}`)
    const before = parts.get(number - 1)?.header
    const after = parts.get(number + 1)?.header
    const isBroken =
      (before !== undefined && before.mediaTime + before.duration !== header.mediaTime) ||
      (after !== undefined && header.mediaTime + header.duration !== after.mediaTime)
    if (isBroken)
      this.#remark(
        'broken',
        `${header.track} ${number}: ${header.mediaTime}+${header.duration} between ${before?.mediaTime}+${before?.duration} and ${after?.mediaTime}`,
      )
  }

  #conflict(name: string): void {
    if (this.#conflicting.has(name)) return
    this.#conflicting.add(name)
    this.#remark('conflicting', `${name} was made twice`)
  }

  #remark(fault: keyof PartFaults, text: string): void {
    this.faults[fault] += 1
    if (this.remarks.length < 20) this.remarks.push(text)
  }
}
