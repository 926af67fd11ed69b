/** Which page an address means. */

export type Route = { page: 'watch'; room: string } | { page: 'studio' } | { page: 'missing' }

const WATCH = /^\/watch\/([A-Za-z0-9_-]{3,64})\/?$/

export function parseRoute(path: string): Route {
  const room = WATCH.exec(path)?.[1]
  if (room) return { page: 'watch', room }
  return /^\/(studio\/?|index\.html)?$/.test(path) ? { page: 'studio' } : { page: 'missing' }
}
