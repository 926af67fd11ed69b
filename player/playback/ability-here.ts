/** Asks this browser what it can do. */
import type { Ability } from '../decisions/ability.ts'

const CODECS = 'video/mp4; codecs="avc1.42E01E,mp4a.40.2"'

interface SourceKind {
  isTypeSupported(type: string): boolean
}

export function abilityHere(): Ability {
  const { connection, deviceMemory } = navigator as {
    connection?: { saveData?: boolean }
    deviceMemory?: number
  }
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
