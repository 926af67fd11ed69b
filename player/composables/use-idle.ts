/** Whether nobody has moved for a while: controls hide then. */
import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'

export function useIdle(afterMs = 3000): {
  isIdle: ShallowRef<boolean>
  stir: () => void
  leave: () => void
} {
  const isIdle = shallowRef(false)
  let timer: ReturnType<typeof setTimeout> | null = null
  const stop = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = null
  }
  const stir = (): void => {
    stop()
    isIdle.value = false
    timer = setTimeout(() => (isIdle.value = true), afterMs)
  }
  const leave = (): void => {
    stop()
    timer = setTimeout(() => (isIdle.value = true), 400)
  }
  onScopeDispose(stop)
  stir()
  return { isIdle, stir, leave }
}
