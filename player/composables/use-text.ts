/** Texts in the viewer's language; all of them change at once when the language does. */
import { computed, type ComputedRef } from 'vue'
import { en, type TextKey } from '../text/en.ts'
import { zhCn } from '../text/zh-cn.ts'
import { chooseLanguage, type Language } from './preferences.ts'
import { usePreferences } from './use-preferences.ts'

export type Translate = (key: TextKey, values?: Record<string, string | number>) => string

const TEXTS: Record<Language, Record<TextKey, string>> = { en, 'zh-CN': zhCn }

export function useText(): { t: Translate; language: ComputedRef<Language> } {
  const preferences = usePreferences()
  const language = computed(() => chooseLanguage(preferences.language, navigator.languages))
  const t: Translate = (key, values = {}) =>
    TEXTS[language.value][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
  return { t, language }
}
