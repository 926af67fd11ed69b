/** Fields that several of the cascade's messages have. */
import { z } from 'zod'
import { PEER_ID_PATTERN } from './peer-id.ts'

export const MAX_SDP_CHARS = 8192

export const peerId = z.string().regex(PEER_ID_PATTERN)
export const roomId = z.string().regex(/^[A-Za-z0-9_-]{3,64}$/)
export const programId = z.string().regex(/^[a-z0-9]{8,32}$/)
export const trackName = z.string().regex(/^[a-z0-9]{1,16}$/)
/** As in SDP (RFC 8122, 5). */
export const fingerprint = z.string().regex(/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/)
export const count = z.int().min(0).max(1_000_000_000)
export const share = z.number().min(0).max(1)
export const kbps = z.number().min(0).max(10_000_000)
export const ms = z.number().min(0).max(3_600_000)

/** What a signal carries. Candidates: RFC 8839; an empty one is the end of them. */
export const signalFields = {
  kind: z.enum(['offer', 'answer', 'candidate']),
  sdp: z.string().max(MAX_SDP_CHARS),
  mid: z.string().max(32).optional(),
}

export const iceServerSchema = z.object({
  urls: z.array(z.string().max(512)).min(1).max(8),
  username: z.string().max(512).optional(),
  credential: z.string().max(512).optional(),
})
export type IceServer = z.output<typeof iceServerSchema>
