/** The real browser, headless, kept off the network. */
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

const CANDIDATES = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

/** Throws where none is installed. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = CANDIDATES.find((candidate) => candidate && existsSync(candidate))
  if (!executablePath) throw new Error('no Chromium: npm test installs it, or set CHROMIUM_PATH')
  return chromium.launch({
    executablePath,
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
      ...['--disable-sync', '--disable-background-timer-throttling', '--disable-renderer-backgrounding'],
    ],
  })
}
