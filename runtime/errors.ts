/** The stable error codes of Headwater and the one error class that carries them. docs/errors.md explains each code. */

export const ERROR_STATUS = {
  bad_request: 400,
  body_invalid: 400,
  bad_host: 400,
  unauthorized: 401,
  forbidden: 403,
  viewer_token_required: 401,
  viewer_token_invalid: 403,
  not_found: 404,
  method_not_allowed: 405,
  body_too_large: 413,
  uri_too_long: 414,
  too_many_requests: 429,
  internal_error: 500,
  not_ready: 503,
  upstream_unavailable: 502,

  room_not_found: 404,
  room_not_live: 404,
  source_not_live: 409,
  rendition_not_found: 404,
  part_not_found: 404,
  part_timeout: 503,
  media_gap: 404,
  recording_not_found: 404,
  recording_running: 409,
  recording_failed: 507,
  too_many_rooms: 503,
  mode_unavailable: 501,

  slate_unsupported: 415,
  slate_unreadable: 422,
  slate_too_complex: 422,
  slate_busy: 503,

  job_not_found: 404,
  job_taken: 409,
  capacity_exceeded: 503,

  config_invalid: 500,
  port_in_use: 500,
  worker_failed: 500,
  port_denied: 500,
  data_dir_unusable: 500,
  data_dir_in_use: 500,
  state_corrupt: 500,
  store_full: 503,
  store_in_use: 500,
  store_unavailable: 503,
  cascade_unavailable: 503,
  ffmpeg_missing: 503,
  probe_failed: 502,
} as const

export type ErrorCode = keyof typeof ERROR_STATUS

/** A peer's or user's fault, or a dependency's failure wrapped where it was used: never a bug of our own. */
export class HeadwaterError extends Error {
  readonly code: ErrorCode
  /** HTTP status of the answer; the code's own unless the place that throws knows better. */
  readonly status: number

  constructor(code: ErrorCode, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'HeadwaterError'
    this.code = code
    this.status = options.status ?? ERROR_STATUS[code]
  }
}
