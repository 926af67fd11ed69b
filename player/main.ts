/** Where the pages begin. On a watch page the stream is asked for before the components are even loaded. */
import { readPreferences } from './composables/preferences.ts'
import { beginEarly } from './playback/early-start.ts'
import { loadHlsEngine } from './playback/create-engine.ts'
import type { PlayerStats } from './playback/stats.ts'
import { hasTokenLink, openViewerSession } from './room/viewer-session.ts'
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

if (route.page === 'watch') {
  const forget = (): void => history.replaceState(history.state, '', location.pathname + location.search)
  await openViewerSession(route.room, { hash: location.hash, fetch: (...asked) => fetch(...asked), forget })
  // a link opened in the same tab changes only what is behind the #
  addEventListener('hashchange', () => hasTokenLink(location.hash) && location.reload())
}
if (route.page === 'watch' && (engine === null || engine === 'hls')) {
  await beginEarly(route.room, { mode, rendition: null })
  loadHlsEngine().catch(() => undefined)
}

const { mount } = await import('./mount.ts')
mount(route)
