/** What a reader of bytes throws: the bytes are not what the format allows. A fault of who sent them, never of ours. */
export class MediaError extends Error {
  readonly code = 'media_malformed'

  constructor(message: string) {
    super(message)
    this.name = 'MediaError'
  }
}
