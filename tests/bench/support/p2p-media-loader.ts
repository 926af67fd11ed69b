/** p2p-media-loader on hls.js, as a page of its own: installed and bundled when it is asked for, since nothing else needs it. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { answerPlainPlaylist } from './plain-playlists.ts'

export const PEER_PACKAGE = 'p2p-media-loader-hlsjs@2.3.1'

/** What it is made for. */
export const HLS_PACKAGE = 'hls.js@1.6.16'

/** What its page says of itself in `window.bench`. */
export interface PeerPageStats {
  firstFrameMs: number | null
  bytes: { http: number; p2p: number; sent: number }
  peers: number
  stalls: number
  stallMs: number
}

export interface PeerPageOptions {
  /** of the edge, as viewers reach it */
  edge: string
  roomId: string
}

/** What differs from what it chooses by itself. */
export interface PeerPageSettings {
  /** behind the live edge */
  distanceS?: number
  /** what is played within this time comes over HTTP */
  highDemandS?: number
}

export interface PeerPage {
  /** on 127.0.0.1, which serves all of this machine's addresses */
  url(settings: PeerPageSettings): string
  close(): Promise<void>
}

const ROOT = path.resolve(import.meta.dirname, '../../..')
const INSTALL_LIMIT_MS = 120_000
/** Viewers that come later than others are found by these; websockets are told a fifth of it. */
const ANNOUNCE_MS = 75_000
const TRACKER_PORT = 'TRACKER_PORT'

/** With a tracker of its own. Throws where the registry cannot be reached. */
export async function servePeerPage(options: PeerPageOptions): Promise<PeerPage> {
  const folder = mkdtempSync(path.join(tmpdir(), 'headwater-peers-'))
  try {
    install(folder)
    const script = await bundle(folder, options)
    const tracker = await startTracker(folder)
    const server = createServer(async (req, res) => {
      if (await answerPlainPlaylist(options.edge, req, res)) return
      const isScript = req.url?.startsWith('/page.js')
      res.writeHead(200, { 'Content-Type': isScript ? 'text/javascript' : 'text/html' })
      res.end(isScript ? script.replaceAll(TRACKER_PORT, `${tracker.port}`) : PAGE)
    })
    await new Promise<void>((resolve) => server.listen(0, resolve))
    const { port } = server.address() as AddressInfo
    return {
      url: (settings) => `http://127.0.0.1:${port}/#${encodeURIComponent(JSON.stringify(settings))}`,
      close: async () => {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
        await tracker.close()
      },
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function install(folder: string): void {
  writeFileSync(path.join(folder, 'package.json'), '{"private":true}')
  // its tracker client has native parts that a browser does not need
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', PEER_PACKAGE, HLS_PACKAGE], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    timeout: INSTALL_LIMIT_MS,
  })
}

interface TrackerServer {
  http: { address(): AddressInfo }
  once(event: 'listening', then: () => void): void
  listen(port: number): void
  close(then: () => void): void
}

/** The tracker that its documentation names for Node.js, in the version that it brings along. */
async function startTracker(folder: string): Promise<{ port: number; close: () => Promise<void> }> {
  const file = pathToFileURL(path.join(folder, 'node_modules/bittorrent-tracker/server.js')).href
  const { default: Server } = (await import(file)) as { default: new (options: object) => TrackerServer }
  const tracker = new Server({ udp: false, http: true, ws: true, stats: false, interval: ANNOUNCE_MS })
  await new Promise<void>((resolve) => {
    tracker.once('listening', resolve)
    tracker.listen(0)
  })
  return {
    port: tracker.http.address().port,
    close: () => new Promise((resolve) => tracker.close(resolve)),
  }
}

async function bundle(folder: string, options: PeerPageOptions): Promise<string> {
  const entry = path.join(folder, 'page.ts')
  writeFileSync(entry, script(options))
  const { outputFiles } = await build({
    ...{ entryPoints: [entry], bundle: true, write: false, format: 'iife', target: 'es2022' },
    logLevel: 'error',
    // its files name it without an address; it has one build for browsers
    alias: {
      'p2p-media-loader-core': path.join(
        folder,
        'node_modules/p2p-media-loader-core/dist/p2p-media-loader-core.es.js',
      ),
      'p2p-media-loader-hlsjs': path.join(
        folder,
        'node_modules/p2p-media-loader-hlsjs/dist/p2p-media-loader-hlsjs.es.js',
      ),
    },
    nodePaths: [path.join(ROOT, 'node_modules')],
  })
  return outputFiles[0]?.text ?? ''
}

const PAGE =
  '<!doctype html><video muted autoplay playsinline width=320 height=180></video><script src=/page.js></script>'

function script({ roomId }: PeerPageOptions): string {
  const player = (file: string): string => JSON.stringify(path.join(ROOT, 'player/playback', file))
  return `
import Hls from 'hls.js'
import { HlsJsP2PEngine } from 'p2p-media-loader-hlsjs'
import { FrameMeter } from ${player('frame-meter.ts')}
import { watchFrames } from ${player('watch-frames.ts')}

const video = document.querySelector('video')
const bytes = { http: 0, p2p: 0, sent: 0 }
const peers = new Set()
const meter = new FrameMeter()
let firstFrameMs = null
watchFrames(video, meter, { onFirst: () => (firstFrameMs = Math.round(performance.now())) })
window.bench = () => ({ firstFrameMs, bytes, peers: peers.size, ...meter.read(performance.now()) })
const { distanceS, highDemandS } = JSON.parse(decodeURIComponent(location.hash.slice(1)))
const Player = HlsJsP2PEngine.injectMixin(Hls)
const hls = new Player({
  ...(distanceS ? { liveSyncDuration: distanceS } : {}),
  p2p: {
    core: {
      swarmId: '${roomId}',
      announceTrackers: ['ws://' + location.hostname + ':${TRACKER_PORT}'],
      rtcConfig: { iceServers: [] },
      ...(highDemandS ? { highDemandTimeWindow: highDemandS } : {}),
    },
    onHlsJsCreated({ p2pEngine }) {
      p2pEngine.addEventListener('onChunkDownloaded', (length, source) => (bytes[source] += length))
      p2pEngine.addEventListener('onChunkUploaded', (length) => (bytes.sent += length))
      p2pEngine.addEventListener('onPeerConnect', ({ peerId }) => peers.add(peerId))
      p2pEngine.addEventListener('onPeerClose', ({ peerId }) => peers.delete(peerId))
    },
  },
})
window.hls = hls
hls.on(Hls.Events.ERROR, (_, { type, details, fatal }) => console.warn(type, details, fatal))
hls.loadSource('/live/${roomId}/master.m3u8')
hls.attachMedia(video)
`
}
