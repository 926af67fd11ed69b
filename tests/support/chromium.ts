/** The real browser, headless, kept off the network. */
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

export interface ChromiumOptions {
  /** Runs it in place of itself: given the program, answers the program to start. */
  wrap?: (program: string) => string
  /** Hidden tabs are throttled, as they are for viewers. */
  throttles?: boolean
  /** Tabs are peers that can be told apart: each has its one renderer, and finds the others also where there is no network for mDNS. */
  hasPeers?: boolean
  args?: readonly string[]
}

const CANDIDATES = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]
const UNTHROTTLED = ['--disable-background-timer-throttling', '--disable-renderer-backgrounding']
/** Playwright's own. */
const THROTTLING = [...UNTHROTTLED, '--disable-backgrounding-occluded-windows']
const NOT_FOR_PEERS = [
  ...['WebRtcHideLocalIpsWithMdns', 'SpareRendererForSitePerProcess'],
  ...['WebUIOmniboxPopup', 'WebUIOmniboxFullPopup', 'WebUIOmniboxAimPopup'],
]
const FOR_PEERS = ['--allow-loopback-in-peer-connection', `--disable-features=${NOT_FOR_PEERS.join()}`]

/** Throws where none is installed. */
export async function launchChromium(options: ChromiumOptions = {}): Promise<Browser> {
  const { wrap = (program) => program, throttles = false, hasPeers = false, args = [] } = options
  const program = CANDIDATES.find((candidate) => candidate && existsSync(candidate))
  if (!program) throw new Error('no Chromium: npm test installs it, or set CHROMIUM_PATH')
  return chromium.launch({
    executablePath: wrap(program),
    ...(throttles ? { ignoreDefaultArgs: THROTTLING } : {}),
    args: [
      ...[
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--mute-audio',
      ],
      ...[
        '--autoplay-policy=no-user-gesture-required',
        '--disable-background-networking',
        '--disable-component-update',
      ],
      '--disable-sync',
      ...(throttles ? [] : UNTHROTTLED),
      ...(hasPeers ? FOR_PEERS : []),
      ...args,
    ],
  })
}
