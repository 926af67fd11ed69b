/** Where the pages begin. On a watch page the stream is asked for before the components are even loaded. */
import { readPreferences } from './composables/preferences.ts'
import { beginEarly } from './playback/early-start.ts'
import { loadHlsEngine } from './playback/create-engine.ts'
import type { PlayerStats } from './playback/stats.ts'
import { parseRoute } from './route.ts'
import './style/page.css'
import './style/player.css'
import './style/panels.css'

declare global {
  interface Window {
    /** for scripts; see docs */
    headwater?: { stats: () => PlayerStats | null }
  }
}

const route = parseRoute(location.pathname)
const { mode, engine, theme } = readPreferences()
document.documentElement.dataset['theme'] = theme

if (route.page === 'watch' && (engine === null || engine === 'hls')) {
  await beginEarly(route.room, { mode, rendition: null })
  loadHlsEngine().catch(() => undefined)
}

const { mount } = await import('./mount.ts')
mount(route)
