/** Uploads in progress: few at once, one a room, and one encoder at a time. */
import { HeadwaterError } from '../../runtime/errors.ts'

/** Each holds a whole upload in memory. */
const MAX_UPLOADS = 5

export class UploadSlots {
  readonly #rooms = new Set<string>()
  #last: Promise<unknown> = Promise.resolve()

  /** Runs an upload of a room, from its first byte on. Throws `slate_busy`. */
  async hold<Result>(roomId: string, upload: () => Promise<Result>): Promise<Result> {
    if (this.#rooms.has(roomId))
      throw new HeadwaterError('slate_busy', 'another slate of this room is being made')
    if (this.#rooms.size >= MAX_UPLOADS)
      throw new HeadwaterError(
        'slate_busy',
        `${this.#rooms.size} other slates are being made: try again soon`,
      )
    this.#rooms.add(roomId)
    try {
      return await upload()
    } finally {
      this.#rooms.delete(roomId)
    }
  }

  /** Runs it when those asked for before are done. */
  takeTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    return turn
  }
}
