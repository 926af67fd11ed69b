/** A room's recordings, asked for again and again: often while one runs. */
import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import type { Recording } from '../room/recording-view.ts'
import type { StudioApi } from '../room/studio-api.ts'

export interface RecordingsUse {
  /** Null until they are known. */
  recordings: ShallowRef<Recording[] | null>
  refresh: () => Promise<void>
}

const RUNNING_MS = 2000
const RESTING_MS = 10_000

/** `state` is the room's: a program that begins or ends is seen at once. */
export function useRecordings(api: StudioApi, roomId: string, state: () => string): RecordingsUse {
  const recordings = shallowRef<Recording[] | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined
  let isGone = false

  async function refresh(): Promise<void> {
    clearTimeout(timer)
    // What is shown stays when the server does not answer: the page says so elsewhere.
    recordings.value = await api.recordings(roomId).catch(() => recordings.value)
    clearTimeout(timer)
    const isRunning = state() === 'live' || recordings.value?.some(({ complete }) => !complete)
    if (!isGone) timer = setTimeout(() => void refresh(), isRunning ? RUNNING_MS : RESTING_MS)
  }

  watch(state, () => void refresh(), { immediate: true })
  onScopeDispose(() => {
    isGone = true
    clearTimeout(timer)
  })
  return { recordings, refresh }
}
