/** What keys do to a player. */
import type { Ref, ShallowRef } from 'vue'
import type { Player } from '../player.ts'
import { playerKey, type PlayerKey } from './player-keys.ts'
import type { ScreenModes } from './use-screen-modes.ts'

export interface PressTargets {
  player: ShallowRef<Player | null>
  volume: Ref<number>
  isMuted: Ref<boolean>
  /** the open panel's name */
  panel: Ref<string | null>
  screen: ScreenModes
  togglePlay: () => void
  /** somebody is here */
  stir: () => void
}

const SEEK_S = 5
const VOLUME_STEP = 0.1

/** Returns the listener for `keydown`. */
export function usePress(targets: PressTargets): (event: KeyboardEvent) => void {
  const { player, volume, isMuted, panel, screen, togglePlay, stir } = targets
  const toggle = (name: string): void => void (panel.value = panel.value === name ? null : name)
  const wishes: Record<PlayerKey, () => void> = {
    toggle: togglePlay,
    mute: () => (isMuted.value = !isMuted.value),
    fullscreen: screen.toggleFullscreen,
    pip: screen.togglePip,
    live: () => player.value?.goToLive(),
    stats: () => toggle('stats'),
    help: () => toggle('help'),
    back: () => player.value?.seekBy(-SEEK_S),
    forward: () => player.value?.seekBy(SEEK_S),
    louder: () => {
      volume.value = Math.min(1, volume.value + VOLUME_STEP)
      isMuted.value = false
    },
    quieter: () => (volume.value = Math.max(0, volume.value - VOLUME_STEP)),
    close: () => (panel.value = null),
  }
  return (event) => {
    const wish = playerKey(event)
    if (wish === null) return
    event.preventDefault()
    stir()
    wishes[wish]()
  }
}
