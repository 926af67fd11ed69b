/** What is said of a deed that failed, by the server's code: its own sentence is English, and for programs. */
import type { TextKey } from './en.ts'

const KNOWN = [
  'unauthorized',
  'forbidden',
  'room_not_found',
  'room_not_live',
  'source_not_live',
  'too_many_requests',
  'too_many_rooms',
  'not_ready',
  'body_too_large',
  'slate_unsupported',
  'slate_unreadable',
  'slate_too_complex',
  'slate_busy',
  'recording_running',
] as const

/** The text for an error of the API, or for one without a code. */
export function failureKey(error: unknown): TextKey {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null
  if (code === null && error instanceof TypeError) return 'studio.noServer'
  const known = KNOWN.find((each) => each === code)
  return known ? `failure.${known}` : 'failure.other'
}
