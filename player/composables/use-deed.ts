/** Something a visitor asks for: whether it is being done, and what went wrong. */
import { shallowRef, type ShallowRef } from 'vue'
import type { TextKey } from '../text/en.ts'
import { failureKey } from '../text/failures.ts'

export interface Deed {
  isBusy: ShallowRef<boolean>
  /** what is said of the last one, when it failed */
  failure: ShallowRef<TextKey | null>
  /** resolves in either case */
  act: (deed: () => Promise<void>) => Promise<void>
}

export function useDeed(): Deed {
  const isBusy = shallowRef(false)
  const failure = shallowRef<TextKey | null>(null)
  async function act(deed: () => Promise<void>): Promise<void> {
    isBusy.value = true
    failure.value = null
    try {
      await deed()
    } catch (error) {
      failure.value = failureKey(error)
    } finally {
      isBusy.value = false
    }
  }
  return { isBusy, failure, act }
}
