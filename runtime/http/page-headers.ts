/** Security headers of pages and their files. */

import type { ServerResponse } from 'node:http'

// connect-src: pages on a LAN are plain HTTP, where 'self' does not cover ws: in every browser. blob: is what
// media-source engines and their workers use.
/** `mediaOrigins`: where media comes from besides the page's own server, each as scheme, host and port. */
export function contentSecurityPolicy(mediaOrigins: readonly string[] = []): string {
  const media = mediaOrigins.map((origin) => ` ${origin}`).join('')
  return [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self' blob:",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    `media-src 'self' blob:${media}`,
    "font-src 'self'",
    `connect-src 'self' ws: wss:${media}`,
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'self'",
  ].join('; ')
}

/** Sets the headers every page and page file carries. */
export function setPageHeaders(res: ServerResponse, policy = contentSecurityPolicy()): void {
  res.setHeader('Content-Security-Policy', policy)
  res.setHeader('X-Content-Type-Options', 'nosniff')
  res.setHeader('X-Frame-Options', 'SAMEORIGIN')
  res.setHeader('Referrer-Policy', 'same-origin')
  res.setHeader(
    'Permissions-Policy',
    'camera=(self), microphone=(self), display-capture=(self), geolocation=()',
  )
}
