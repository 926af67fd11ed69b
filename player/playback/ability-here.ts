/** Asks this browser what it can do. */
import type { Ability } from '../decisions/ability.ts'
import type { DeviceFacts } from '../decisions/sharing.ts'

const CODECS = 'video/mp4; codecs="avc1.42E01E,mp4a.40.2"'

interface SourceKind {
  isTypeSupported(type: string): boolean
}

/** What browsers say of themselves beyond the common types. */
interface Hints {
  connection?: { saveData?: boolean; type?: string }
  deviceMemory?: number
  userAgentData?: { mobile?: boolean }
}

/** The device and its network at this moment. */
export function deviceHere(): DeviceFacts {
  const { connection, userAgentData } = navigator as Hints
  return {
    isMobile: userAgentData?.mobile ?? /Mobi|Android/.test(navigator.userAgent),
    isCellular: connection?.type === 'cellular',
    saveData: connection?.saveData === true,
    isHidden: document.hidden,
  }
}

export function abilityHere(): Ability {
  const { connection, deviceMemory } = navigator as Hints
  const source =
    ('ManagedMediaSource' in globalThis ? Reflect.get(globalThis, 'ManagedMediaSource') : null) ??
    globalThis.MediaSource
  const kind = source as SourceKind | undefined
  return {
    mediaSource: kind?.isTypeSupported(CODECS) ?? false,
    nativeHls: document.createElement('video').canPlayType('application/vnd.apple.mpegurl') !== '',
    webRtc: 'RTCPeerConnection' in globalThis,
    saveData: connection?.saveData === true,
    memoryGb: deviceMemory ?? null,
  }
}
