/** Why playing failed, by a stable code; texts for people are made from the code elsewhere. */

export type PlayerErrorCode =
  | 'room_not_found'
  | 'room_not_live'
  | 'part_not_found'
  | 'part_timeout'
  | 'answer_malformed'
  | 'network_failed'
  | 'media_failed'
  | 'engine_unsupported'
  | 'fell_behind'
  | 'viewer_token_required'
  | 'viewer_token_invalid'

export class PlayerError extends Error {
  readonly code: PlayerErrorCode

  constructor(code: PlayerErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'PlayerError'
    this.code = code
  }
}

/** A failed answer of the server as an error; unknown codes fall back on what the status means. */
export function errorOfAnswer(status: number, code: unknown, address: string): PlayerError {
  const path = address.replace(/^[a-z]+:\/\/[^/]+/, '').replace(/\?.*$/, '')
  return new PlayerError(codeOfAnswer(status, code), `${path}: ${status}`)
}

function codeOfAnswer(status: number, code: unknown): PlayerErrorCode {
  if (code === 'room_not_found' || code === 'room_not_live') return code
  if (code === 'viewer_token_required' || code === 'viewer_token_invalid') return code
  if (code === 'part_not_found' || code === 'part_timeout') return code
  if (status === 404) return 'part_not_found'
  return 'network_failed'
}
