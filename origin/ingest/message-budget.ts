/** How many messages one connection may send: as many as a hiccup of the network can pile up, and a steady rate. Pure: the clock is handed in. */
import { TokenBucket } from '../../runtime/token-bucket.ts'

/** 60 pictures and 50 frames of sound are 110 a second: this is far from any encoder, and costs little. */
export const MESSAGES_PER_SECOND = 2000
/** What may come at once; at the steady rate it is filled up again in five seconds. */
export const MESSAGES_AT_ONCE = 10_000

export class MessageBudget extends TokenBucket {
  constructor() {
    super({ burst: MESSAGES_AT_ONCE, perSecond: MESSAGES_PER_SECOND })
  }
}
