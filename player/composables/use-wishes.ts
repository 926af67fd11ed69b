/** The viewer's wishes as writable values: shown as they are, sent to the player and kept when they change. */
import { computed, shallowRef, type ShallowRef, type WritableComputedRef } from 'vue'
import type { EngineKind } from '../decisions/ability.ts'
import type { LatencyMode } from '../decisions/latency-mode.ts'
import type { SharingWishes } from '../decisions/sharing.ts'
import type { Wishes } from '../playback/session.ts'
import type { Player, PlayerView } from '../player.ts'
import { usePreferences } from './use-preferences.ts'

export interface UseWishesOptions {
  player: ShallowRef<Player | null>
  view: ShallowRef<PlayerView | null>
  /** fixed by the page; undefined: the viewer's, kept */
  fixed: { mode: LatencyMode | undefined; muted: boolean }
}

export interface WishRefs {
  volume: WritableComputedRef<number>
  isMuted: WritableComputedRef<boolean>
  mode: WritableComputedRef<LatencyMode>
  engine: WritableComputedRef<EngineKind | null>
  rendition: WritableComputedRef<string | null>
  sharing: WritableComputedRef<SharingWishes>
}

/** What a player begins with. */
export function firstWishes(fixed: UseWishesOptions['fixed']): Wishes {
  const { mode, engine, muted, volume, sharing } = usePreferences()
  const sound = { muted: fixed.muted || muted, volume }
  return { mode: fixed.mode ?? mode, engine, rendition: null, sound, sharing }
}

export function useWishes({ player, view, fixed }: UseWishesOptions): WishRefs {
  const preferences = usePreferences()
  const first = firstWishes(fixed)
  const sound = shallowRef(first.sound)
  const wishedMode = shallowRef(first.mode)

  function setSound(change: Partial<{ muted: boolean; volume: number }>): void {
    sound.value = { ...sound.value, ...change }
    if (!fixed.muted) Object.assign(preferences, sound.value)
    player.value?.setSound(sound.value)
  }

  return {
    volume: computed({ get: () => sound.value.volume, set: (volume) => setSound({ volume }) }),
    isMuted: computed({
      get: () => sound.value.muted || (view.value?.isAutoMuted ?? false),
      set: (muted) => setSound({ muted }),
    }),
    mode: computed({
      get: () => wishedMode.value,
      set: (mode) => {
        wishedMode.value = mode
        if (fixed.mode === undefined) preferences.mode = mode
        player.value?.setMode(mode)
      },
    }),
    engine: computed({
      get: () => preferences.engine,
      set: (engine) => {
        preferences.engine = engine
        player.value?.setEngine(engine)
      },
    }),
    sharing: computed({
      get: () => preferences.sharing,
      set: (sharing) => {
        preferences.sharing = sharing
        player.value?.setSharing(sharing)
      },
    }),
    rendition: computed({
      get: () => view.value?.facts.chosen ?? null,
      set: (name) => player.value?.choose(name),
    }),
  }
}
