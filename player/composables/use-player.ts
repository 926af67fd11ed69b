/** A player bound to a component: created when there is a stage, closed with the scope, its view as refs. */
import { onScopeDispose, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { Player, type PlayerOptions, type PlayerView } from '../player.ts'
import type { PlayerStats } from '../playback/stats.ts'
import type { RoomView } from '../room/room-view.ts'

export interface UsePlayerOptions {
  stage: Readonly<ShallowRef<HTMLElement | null>>
  room: Readonly<Ref<RoomView>>
  options: Omit<PlayerOptions, 'stage' | 'onChange'>
}

/** Distances and the like change all the time: a page needs them twice a second. */
const REFRESH_MS = 500

export function usePlayer({ stage, room, options }: UsePlayerOptions): {
  player: ShallowRef<Player | null>
  view: ShallowRef<PlayerView | null>
  stats: ShallowRef<PlayerStats | null>
} {
  const player = shallowRef<Player | null>(null)
  const view = shallowRef<PlayerView | null>(null)
  const stats = shallowRef<PlayerStats | null>(null)
  let isDue = false
  const refresh = (): void => {
    isDue = false
    view.value = player.value?.view() ?? null
    stats.value = player.value?.stats() ?? null
  }
  const refreshSoon = (): void => {
    if (isDue) return
    isDue = true
    queueMicrotask(refresh)
  }
  const stopWaiting = watch(
    stage,
    (element) => {
      if (!element || player.value) return
      player.value = new Player({ ...options, stage: element, onChange: refreshSoon })
      player.value.setRoom(room.value)
      player.value.start()
    },
    { immediate: true, flush: 'post' },
  )
  watch(room, (now) => player.value?.setRoom(now))
  const timer = setInterval(refresh, REFRESH_MS)
  onScopeDispose(() => {
    clearInterval(timer)
    stopWaiting()
    void player.value?.close()
    player.value = null
  })
  return { player, view, stats }
}
