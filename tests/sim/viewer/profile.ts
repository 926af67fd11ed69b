/** Who watches: device, lines, address translation. Shares as in the churn model of the design. */
import type { Ability } from '../../../cascade/messages.ts'
import { MAX_CHILDREN } from '../../../player/decisions/sharing.ts'
import type { Random } from '../random.ts'
import type { Villain } from './villain.ts'
import { NO_LOSS, type LossPattern } from '../network/loss.ts'

export interface Profile {
  ability: Ability
  uplinkKbps: number
  downlinkKbps: number
  /** One way, between it and the middle of the network. */
  accessMs: number
  /** False: no other viewer can reach it; it reaches roots and reachable viewers. */
  isReachable: boolean
  /** On all of its links, both ways. */
  loss: LossPattern
  /** False: it asks the coordinator for nothing and takes the parents it is given. */
  joins?: boolean
  villain?: Villain
}

const UPLINKS: readonly { share: number; kbps: number }[] = [
  { share: 0.2, kbps: 0 },
  { share: 0.3, kbps: 2000 },
  { share: 0.3, kbps: 5000 },
  { share: 0.2, kbps: 20_000 },
]
const UNREACHABLE_SHARE = 0.2
const DOWNLINK_KBPS = 50_000
/** What is left of the line of somebody who passes nothing on: heartbeats and requests. */
const LEAST_UPLINK_KBPS = 500

export function drawProfile(random: Random): Profile {
  let draw = random.next()
  const uplink = UPLINKS.find(({ share }) => (draw -= share) < 0) ?? { kbps: 0 }
  return {
    ...profileOf(uplink.kbps),
    accessMs: Math.min(60, random.lognormal(8, 0.5)),
    isReachable: !random.isTrue(UNREACHABLE_SHARE),
  }
}

/** Reachable, on a clean line of 10 ms. */
export function profileOf(uplinkKbps: number): Profile {
  const relays = uplinkKbps > 0
  return {
    ability: {
      device: relays ? 'desktop' : 'mobile',
      relays,
      upload_kbps: uplinkKbps,
      max_children: relays ? MAX_CHILDREN.desktop : 0,
      hidden: false,
      relay_only: false,
    },
    uplinkKbps: Math.max(LEAST_UPLINK_KBPS, uplinkKbps),
    downlinkKbps: DOWNLINK_KBPS,
    accessMs: 10,
    isReachable: true,
    loss: NO_LOSS,
  }
}
