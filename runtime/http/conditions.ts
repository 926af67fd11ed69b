/** Conditional requests (RFC 9110, 13.1): whether what the client has is what it would be given. */

/** `If-None-Match`: weak comparison, since a proxy that compresses makes our tags weak. */
export function isFresh(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true
  return header.split(',').some((each) => each.trim().replace(/^W\//, '') === tag)
}

/** `If-Range`: strong comparison; a date is none of ours. True where the client does not ask. */
export function isSameEntity(header: string | string[] | undefined, tag: string): boolean {
  return header === undefined || header === tag
}
