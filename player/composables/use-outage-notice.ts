/**
 * When to tell of an outage: soon in low mode, where it is seen at once; in continuity mode only when it lasts, for most are
 * over before they would be seen. The return is told for a moment, if the absence was.
 */
import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import type { LatencyMode } from '../decisions/latency-mode.ts'
import type { PlaybackState } from '../playback/playback-state.ts'

export type OutageNotice = 'away' | 'back'

const AWAY_AFTER_MS: Readonly<Record<LatencyMode, number>> = { continuity: 2000, low: 300 }
const BACK_SHOWN_MS = 4000

export function useOutageNotice(
  state: () => PlaybackState,
  mode: () => LatencyMode,
): ShallowRef<OutageNotice | null> {
  const notice = shallowRef<OutageNotice | null>(null)
  let timer: ReturnType<typeof setTimeout> | null = null
  const after = (ms: number, next: OutageNotice | null): void => {
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(() => (notice.value = next), ms)
  }
  watch(state, (now) => {
    if (now === 'interrupted') return after(AWAY_AFTER_MS[mode()], 'away')
    const wasAway = notice.value === 'away'
    notice.value = wasAway && now === 'playing' ? 'back' : null
    after(BACK_SHOWN_MS, null)
  })
  onScopeDispose(() => timer !== null && clearTimeout(timer))
  return notice
}
