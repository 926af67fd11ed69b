/** The viewer's choices as one reactive object, shared by everything on the page and kept when it changes. */
import { reactive, watch } from 'vue'
import { readPreferences, writePreferences, type Preferences } from './preferences.ts'

let shared: Preferences | null = null

export function usePreferences(): Preferences {
  if (shared) return shared
  const preferences = reactive(readPreferences())
  watch(preferences, () => writePreferences({ ...preferences }))
  shared = preferences
  return preferences
}
