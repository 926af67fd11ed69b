/** What a viewer has chosen, kept in this browser. Read without a library: the first frame waits for it. */
import type { EngineKind } from '../decisions/ability.ts'
import type { SharingWishes } from '../decisions/sharing.ts'
import { DEFAULT_MODE, isLatencyMode, type LatencyMode } from '../decisions/latency-mode.ts'

export const LANGUAGES = ['zh-CN', 'en'] as const
export type Language = (typeof LANGUAGES)[number]
export const THEMES = ['auto', 'dark', 'light'] as const
export type Theme = (typeof THEMES)[number]
export const ENGINES = ['hls', 'flv', 'native'] as const satisfies readonly EngineKind[]

export interface Preferences {
  sharing: SharingWishes
  /** has read, on a watch page, that watching uploads */
  knowsSharing: boolean
  mode: LatencyMode
  /** null: by ability */
  engine: EngineKind | null
  muted: boolean
  volume: number
  /** null: as the browser */
  language: Language | null
  theme: Theme
}

const KEY = 'headwater.preferences'

/** Whatever is not understood falls back on its default. */
export function parsePreferences(text: string | null): Preferences {
  const kept = parseRecord(text)
  return {
    mode: isLatencyMode(kept['mode']) ? kept['mode'] : DEFAULT_MODE,
    engine: oneOf(ENGINES, kept['engine']),
    muted: kept['muted'] === true,
    volume: typeof kept['volume'] === 'number' ? Math.min(1, Math.max(0, kept['volume'])) : 1,
    language: oneOf(LANGUAGES, kept['language']),
    theme: oneOf(THEMES, kept['theme']) ?? 'auto',
    sharing: parseSharing(kept['sharing']),
    knowsSharing: kept['knowsSharing'] === true,
  }
}

/** Storage may be forbidden: then nothing is kept. */
export function readPreferences(): Preferences {
  try {
    return parsePreferences(localStorage.getItem(KEY))
  } catch {
    return parsePreferences(null)
  }
}

export function writePreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences))
  } catch {
    // not kept, then
  }
}

/** The language to show: the chosen one, else the first of the browser's that we have. */
export function chooseLanguage(chosen: Language | null, wanted: readonly string[]): Language {
  if (chosen) return chosen
  const known = wanted
    .map((tag) => tag.toLowerCase())
    .find((tag) => tag.startsWith('zh') || tag.startsWith('en'))
  return known?.startsWith('zh') ? 'zh-CN' : 'en'
}

function parseSharing(value: unknown): SharingWishes {
  const { peers, relay, uploadKbps, hideAddress }: Record<string, unknown> = isRecord(value) ? value : {}
  return {
    peers: peers !== false,
    relay: typeof relay === 'boolean' ? relay : null,
    uploadKbps: typeof uploadKbps === 'number' && uploadKbps > 0 ? Math.round(uploadKbps) : null,
    hideAddress: hideAddress === true,
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function parseRecord(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    return isRecord(value) ? { ...value } : {}
  } catch {
    return {}
  }
}

function oneOf<Value>(values: readonly Value[], value: unknown): Value | null {
  return values.find((known) => known === value) ?? null
}
