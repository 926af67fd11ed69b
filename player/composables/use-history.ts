/** Keeps the last values of something, one a second, for a plot. */
import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'

export function useHistory<Name extends string>(
  read: () => Record<Name, number | null>,
  length = 60,
): ShallowRef<Record<Name, (number | null)[]>> {
  const empty = Object.fromEntries(Object.keys(read()).map((name) => [name, Array(length).fill(null)]))
  const history = shallowRef(empty as Record<Name, (number | null)[]>)
  const timer = setInterval(() => {
    const now = read()
    const next = Object.entries(history.value) as [Name, (number | null)[]][]
    history.value = Object.fromEntries(
      next.map(([name, values]) => [name, [...values.slice(1), now[name]]]),
    ) as Record<Name, (number | null)[]>
  }, 1000)
  onScopeDispose(() => clearInterval(timer))
  return history
}
