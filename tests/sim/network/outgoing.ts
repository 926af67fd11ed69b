/** Messages that wait in an SCTP sender, and the packets they have become. */
import type { Channel } from '../../../cascade/transport.ts'
import { PACKET_BYTES } from './stack.ts'

export interface Outgoing {
  channel: Channel
  message: Uint8Array
  /** `PACKET_BYTES` in each but the last. */
  packets: number
  sentPackets: number
  arrivedPackets: number
  lastArrivalMs: number
  expiresAtMs: number
  /** Given up: nothing of it is sent any more, nor delivered. */
  isAbandoned: boolean
}

/** One or two packets of one message that left together and share a fate. */
export interface Run {
  /** Counts packets of this direction, as TSNs do. */
  sequence: number
  outgoing: Outgoing
  packets: number
  bytes: number
  sentAtMs: number
  arrivesAtMs: number
  /** When the acknowledgement is back; Infinity where the packet was lost. */
  ackAtMs: number
  /** Packets acknowledged that were sent after it. */
  strikes: number
  wasResent: boolean
}

const ORDER: readonly Channel[] = ['control', 'heartbeat', 'media']

/** What has not been sent yet: streams take turns, message by message (no I-DATA: RFC 8260). */
export class SendQueue {
  /** As the caller counts them: bytes of the messages on `media` that wait or are being sent. */
  mediaBytes = 0
  private readonly waiting: Record<Channel, Outgoing[]> = { control: [], heartbeat: [], media: [] }
  private current: Outgoing | null = null
  private turn = 0
  private size = 0

  get isEmpty(): boolean {
    return this.current === null && this.size === 0
  }

  push(outgoing: Outgoing): void {
    this.waiting[outgoing.channel].push(outgoing)
    this.size += 1
    if (outgoing.channel === 'media') this.mediaBytes += outgoing.message.length
  }

  /** The message whose packets go next; null when there is none. Drops what is too old. */
  next(nowMs: number): Outgoing | null {
    if (this.current && !this.isOver(this.current, nowMs)) return this.current
    this.finish()
    for (let tried = 0; tried < ORDER.length; tried += 1) {
      const outgoing = this.takeFrom(ORDER[this.turn % ORDER.length] ?? 'media', nowMs)
      this.turn += 1
      if (!outgoing) continue
      this.current = outgoing
      return outgoing
    }
    return null
  }

  /** To be called when the last packet of the current message was sent, or the message is given up. */
  finish(): void {
    if (this.current?.channel === 'media') this.mediaBytes -= this.current.message.length
    this.current = null
  }

  /** Drops what is too old, so that a link that takes nothing does not fill the memory. */
  expire(nowMs: number): void {
    const first = this.waiting.media[0]
    if (first && nowMs >= first.expiresAtMs) this.putBack('media', this.takeFrom('media', nowMs))
  }

  private putBack(channel: Channel, outgoing: Outgoing | null): void {
    if (!outgoing) return
    this.waiting[channel].unshift(outgoing)
    this.size += 1
  }

  private takeFrom(channel: Channel, nowMs: number): Outgoing | null {
    const line = this.waiting[channel]
    for (let first = line.shift(); first; first = line.shift()) {
      this.size -= 1
      if (nowMs < first.expiresAtMs) return first
      if (channel === 'media') this.mediaBytes -= first.message.length
    }
    return null
  }

  private isOver(outgoing: Outgoing, nowMs: number): boolean {
    return outgoing.isAbandoned || outgoing.sentPackets >= outgoing.packets || nowMs >= outgoing.expiresAtMs
  }
}

export function outgoingOf(channel: Channel, message: Uint8Array, expiresAtMs: number): Outgoing {
  return {
    channel,
    message,
    packets: Math.max(1, Math.ceil(message.length / PACKET_BYTES)),
    sentPackets: 0,
    arrivedPackets: 0,
    lastArrivalMs: 0,
    expiresAtMs,
    isAbandoned: false,
  }
}
