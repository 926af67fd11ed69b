/** What the reader and writer of frames and tokens throw: the bytes, or the fields, are not what the format allows. */
export class FrameError extends Error {
  readonly code = 'frame_malformed'

  constructor(message: string) {
    super(message)
    this.name = 'FrameError'
  }
}

/** The value where it is 0 to `limit`; throws `FrameError` for any other, NaN included. */
export function atMost(value: number, limit: number, what: string): number {
  if (value >= 0 && value <= limit) return value
  throw new FrameError(`${what} ${value}, at most ${limit}`)
}
