/** Whether this viewer takes part in the cascade, and what he gives to it: by device, network and his own settings. */
import { isLowEnd, type Ability } from './ability.ts'

/** The viewer's settings. */
export interface SharingWishes {
  /** links to other viewers at all */
  peers: boolean
  /** passes on what it receives; null: by the network */
  relay: boolean | null
  /** kbit/s; null: no limit of the viewer's */
  uploadKbps: number | null
  /** shows no address to other viewers: only ways over a relay server */
  hideAddress: boolean
}

export const DEFAULT_SHARING: SharingWishes = {
  peers: true,
  relay: null,
  uploadKbps: null,
  hideAddress: false,
}

/** The device and its network as they are now. */
export interface DeviceFacts {
  isMobile: boolean
  isCellular: boolean
  saveData: boolean
  /** the page is in a hidden tab */
  isHidden: boolean
}

/** As `abilitySchema` of cascade/messages.ts. */
export interface Offer {
  device: 'desktop' | 'mobile'
  relays: boolean
  upload_kbps: number
  max_children: number
  hidden: boolean
  relay_only: boolean
}

/** What is believed of an uplink that nobody has capped: home lines in the year of the design, and phones. */
const USUAL_UPLOAD_KBPS = { desktop: 10_000, mobile: 4000 } as const
export const MAX_CHILDREN = { desktop: 8, mobile: 2 } as const

export function mayJoin(ability: Ability, wishes: SharingWishes): boolean {
  return wishes.peers && !isLowEnd(ability)
}

/** The setting where the viewer has made none. */
export function relaysByDefault({ isCellular, saveData }: DeviceFacts): boolean {
  return !isCellular && !saveData
}

export function describeOffer(device: DeviceFacts, wishes: SharingWishes): Offer {
  const kind = device.isMobile ? 'mobile' : 'desktop'
  const isAllowed = wishes.relay ?? relaysByDefault(device)
  const relays = isAllowed && wishes.uploadKbps !== 0
  return {
    device: kind,
    relays,
    upload_kbps: relays ? (wishes.uploadKbps ?? USUAL_UPLOAD_KBPS[kind]) : 0,
    max_children: relays ? MAX_CHILDREN[kind] : 0,
    hidden: device.isHidden,
    relay_only: wishes.hideAddress,
  }
}
