/** Names of peers: 8 random bytes, given by the coordinator; 16 hex digits in JSON. */

export type PeerId = string

export const PEER_ID_BYTES = 8
export const PEER_ID_PATTERN: RegExp = /^[0-9a-f]{16}$/
