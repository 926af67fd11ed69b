/** Which engine plays here, decided from what the browser and the device can do. */

export type EngineKind = 'hls' | 'flv' | 'native'

export interface Ability {
  /** MediaSource or ManagedMediaSource that accepts H.264 and AAC in fragmented MP4 */
  mediaSource: boolean
  /** the video element plays HLS by itself */
  nativeHls: boolean
  webRtc: boolean
  saveData: boolean
  /** gigabytes as the browser reports them; null where it does not say */
  memoryGb: number | null
}

/** Less memory than this and the device only plays: it never joins a cascade. */
const SMALL_MEMORY_GB = 1

/** No WebRTC, data saving or little memory: plain HLS only. */
export function isLowEnd(ability: Ability): boolean {
  return (
    !ability.webRtc || ability.saveData || (ability.memoryGb !== null && ability.memoryGb <= SMALL_MEMORY_GB)
  )
}

/** Engines that can work here, best first; the viewer's choice leads when it is among them. Empty: nothing can play. */
export function rankEngines(ability: Ability, override: EngineKind | null): EngineKind[] {
  const can: EngineKind[] = []
  const preferNative = ability.nativeHls && isLowEnd(ability)
  if (preferNative) can.push('native')
  if (ability.mediaSource) can.push('hls')
  if (ability.nativeHls && !preferNative) can.push('native')
  if (ability.mediaSource) can.push('flv')
  if (override === null || !can.includes(override)) return can
  return [override, ...can.filter((kind) => kind !== override)]
}
