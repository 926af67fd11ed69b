/** What differs between the two SCTP stacks that the cascade runs on. */

export interface StackProfile {
  rtoInitialMs: number
  rtoMinMs: number
  rtoMaxMs: number
  /** Least share of the variance in the retransmission timeout. */
  minVarianceMs: number
  /** How long a receiver may keep an acknowledgement to itself. */
  sackDelayMs: number
  /** Packets that one call of send, or one acknowledgement, lets go at once. */
  burstPackets: number
  /** Window from which a sender starts that had nothing under way. */
  idleWindowPackets: number
}

/** dcsctp, in Chromium: a burst of four a call, slow timers. */
export const BROWSER_STACK: StackProfile = {
  rtoInitialMs: 500,
  rtoMinMs: 400,
  rtoMaxMs: 3000,
  minVarianceMs: 220,
  sackDelayMs: 200,
  burstPackets: 4,
  idleWindowPackets: Infinity,
}

/** usrsctp as libdatachannel sets it up, at an edge's roots: ten packets after every pause (`sctp_use_cwnd_based_maxburst`). */
export const ROOT_STACK: StackProfile = {
  rtoInitialMs: 1000,
  rtoMinMs: 200,
  rtoMaxMs: 10_000,
  minVarianceMs: 0,
  sackDelayMs: 20,
  burstPackets: Infinity,
  idleWindowPackets: 10,
}

/** Payload of one packet; what DTLS, UDP and IP leave of 1200 bytes. */
export const PACKET_BYTES = 1160
/** IP, UDP, DTLS and SCTP around each packet. */
export const OVERHEAD_BYTES = 90
export const INITIAL_WINDOW_PACKETS = 10
