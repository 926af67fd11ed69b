/** The stable error codes of Headwater and the one error class that carries them. docs/errors.md explains each code. */

export const ERROR_STATUS = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  internal_error: 500,
  room_not_found: 404,
  room_not_live: 404,
  rendition_not_found: 404,
  part_not_found: 404,
  part_timeout: 503,
  upstream_unavailable: 502,
} as const

export type ErrorCode = keyof typeof ERROR_STATUS

/** A peer's or user's fault, or a dependency's failure wrapped where it was used: never a bug of our own. */
export class HeadwaterError extends Error {
  readonly code: ErrorCode
  readonly status: number

  constructor(code: ErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'HeadwaterError'
    this.code = code
    this.status = ERROR_STATUS[code]
  }
}
