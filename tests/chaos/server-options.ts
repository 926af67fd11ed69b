/** How the server under test is started. */
import type { HeadwaterOptions } from '../support/headwater-process.ts'

/** Small pictures on a machine that is meant to be busy: nothing is refused for want of processor time. */
export const SERVER: HeadwaterOptions = withConfig('headwater.yaml')

/** The same with a reconnect window of so many seconds, as the file says. */
export const SHORT_WINDOW: HeadwaterOptions = withConfig('headwater-short-window.yaml')
export const SHORT_WINDOW_SECONDS = 15

/** The same with a small cache at the edge, which else fills for hours and would pass for a leak. */
export const SMALL_CACHE: HeadwaterOptions = withConfig('headwater-small-cache.yaml')

function withConfig(file: string): HeadwaterOptions {
  return { env: { LOG_LEVEL: 'info', HEADWATER_CONFIG: `${import.meta.dirname}/${file}` } }
}
