/** Serves the built player: files by their path, and the pages `/watch/…`, `/studio`, `/admin`. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Stats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Logger } from '../logger.ts'
import { contentSecurityPolicy, setPageHeaders } from './page-headers.ts'
import { answer, isReadRequest, sendText } from './respond.ts'
import type { PlainHandler } from './server.ts'

export interface StaticFilesOptions {
  /** Directory of the built player: `dist/player`. */
  root: string
  logger: Logger
  /** Where pages may load media from besides here, as it is at the moment; at most `MAX_MEDIA_ORIGINS` are told. */
  mediaOrigins?: () => readonly string[]
}

interface FileRequest {
  req: IncomingMessage
  res: ServerResponse
  isPage: boolean
  isImmutable: boolean
  policy: string
}

interface FoundFile {
  path: string
  stats: Stats
  encoding: 'br' | 'gzip' | null
}

/** A header of more would be refused by proxies. */
export const MAX_MEDIA_ORIGINS = 64
const PAGE = /^\/(watch\/[A-Za-z0-9_-]{1,64}|studio|admin)(\/.*)?$/
// Vite puts a hash of the content into the names of what it writes to assets/: such a file never changes.
const HASHED = /^\/assets\/.+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$/
const MEDIA_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
}

/** A handler for the player's files and pages; everything else is left to those mounted after it. */
export function createStaticFiles(options: StaticFilesOptions): PlainHandler {
  const root = path.resolve(options.root)
  return (req, res, url) => {
    const isPage = PAGE.test(url.pathname)
    const name = isPage ? `/${url.pathname.split('/')[1]}.html` : url.pathname
    if (url.pathname === '/') {
      if (isReadRequest(req, res))
        res.writeHead(302, { Location: '/studio', 'Cache-Control': 'no-store' }).end()
      return true
    }
    const file = isPage ? path.join(root, name) : resolveInside(root, name)
    if (file === null || !(path.extname(file) in MEDIA_TYPES)) return false
    if (!isReadRequest(req, res)) return true
    const policy = contentSecurityPolicy(isPage ? options.mediaOrigins?.().slice(0, MAX_MEDIA_ORIGINS) : [])
    const request = { req, res, isPage, isImmutable: HASHED.test(url.pathname), policy }
    const candidates = isPage ? [file, path.join(root, 'index.html')] : [file]
    answer(res, options.logger, () => sendFirst(request, candidates))
    return true
  }
}

async function sendFirst(request: FileRequest, candidates: string[]): Promise<void> {
  setPageHeaders(request.res, request.policy)
  for (const candidate of candidates) {
    const found = await findFile(candidate, String(request.req.headers['accept-encoding'] ?? ''))
    if (found !== null) return sendFile(request, candidate, found)
  }
  if (request.isPage) {
    sendText(request.res, 503, 'The player is not built yet. Run `npm run build`, then reload this page.\n')
  } else {
    sendText(request.res, 404, 'There is no such file.\n')
  }
}

async function sendFile(request: FileRequest, name: string, found: FoundFile): Promise<void> {
  const { req, res, isImmutable } = request
  const tag = tagOf(request, found)
  res.setHeader('ETag', tag)
  res.setHeader('Vary', 'Accept-Encoding')
  res.setHeader('Cache-Control', isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache')
  if (req.headers['if-none-match'] === tag) {
    res.writeHead(304).end()
    return
  }
  res.setHeader('Content-Type', MEDIA_TYPES[path.extname(name)] ?? 'application/octet-stream')
  res.setHeader('Content-Length', found.stats.size)
  if (found.encoding !== null) res.setHeader('Content-Encoding', found.encoding)
  res.writeHead(200)
  if (req.method === 'HEAD') res.end()
  // A browser that goes away midway is no fault of anybody.
  else await pipeline(createReadStream(found.path), res).catch(() => res.destroy())
}

/** A page whose policy has changed is another page: browsers keep some headers of the copy they have. */
function tagOf({ isPage, policy }: FileRequest, { stats }: FoundFile): string {
  const parts = [stats.size.toString(36), Math.trunc(stats.mtimeMs).toString(36)]
  if (isPage) parts.push(createHash('sha256').update(policy).digest('base64url').slice(0, 8))
  return `W/"${parts.join('-')}"`
}

/** The file, or a compressed copy lying beside it that the browser accepts. */
async function findFile(file: string, accepted: string): Promise<FoundFile | null> {
  const stats = await statFile(file)
  if (stats === null) return null
  for (const [encoding, suffix] of [
    ['br', '.br'],
    ['gzip', '.gz'],
  ] as const) {
    if (!accepted.includes(encoding)) continue
    const compressed = await statFile(file + suffix)
    if (compressed !== null) return { path: file + suffix, stats: compressed, encoding }
  }
  return { path: file, stats, encoding: null }
}

// lstat: a symbolic link is not a file of ours, wherever it leads.
async function statFile(file: string): Promise<Stats | null> {
  const stats = await lstat(file).catch(() => null)
  return stats?.isFile() === true ? stats : null
}

/** The path inside `root`, or null when it is not well formed or leads out of it. */
function resolveInside(root: string, pathname: string): string | null {
  let decoded: string
  try {
    decoded = decodeURIComponent(pathname)
  } catch {
    return null
  }
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is refused
  if (/[\u0000-\u001f\\]|(^|\/)\./.test(decoded)) return null
  const file = path.join(root, decoded)
  return file.startsWith(root + path.sep) ? file : null
}
