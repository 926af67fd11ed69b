/** What checking costs a viewer in Chromium: WebCrypto, and the JavaScript of pages on plain HTTP. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { build } from 'esbuild'
import { launchChromium } from '../../support/chromium.ts'
import { treeCpuSeconds } from '../../support/cpu.ts'
import { Tab } from '../../support/viewer/tab.ts'
import { median, round } from './statistics.ts'

/** Picture and sound of 2 Mbit/s together. */
const TRACKS_KBPS = [1872, 128]
const SECONDS = 120
const WAYS = ['native', 'js'] as const

export async function measureVerification(rounds: number) {
  const { outputFiles } = await build({
    entryPoints: [path.join(import.meta.dirname, 'verification-page.ts')],
    ...{ bundle: true, write: false, format: 'iife', target: 'es2022' },
  })
  const script = outputFiles[0]?.text ?? ''
  const server = createServer((_, res) => {
    res.writeHead(200, { 'Content-Type': 'text/html' })
    res.end(`<!doctype html><script>${script.replaceAll('</script', '<\\/script')}</script>`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // a tab that has one renderer can be told apart
  const browser = await launchChromium({ hasPeers: true })
  const percent: Record<(typeof WAYS)[number], number[]> = { native: [], js: [] }
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const tab = await Tab.open(browser, { url })
    for (const way of WAYS) await run(tab, way, 10)
    for (let n = 0; n < rounds; n++) for (const way of WAYS) percent[way].push(await run(tab, way, SECONDS))
  } finally {
    await browser.close()
    server.close()
  }
  return {
    kbps: TRACKS_KBPS,
    rounds,
    /** of one core, all threads of the renderer */
    webCryptoPercent: median(percent.native),
    javaScriptPercent: median(percent.js),
    all: percent,
  }
}

async function run(tab: Tab, way: (typeof WAYS)[number], seconds: number): Promise<number> {
  const before = treeCpuSeconds(tab.pid)
  await tab.evaluate(`check(${JSON.stringify(way)}, ${JSON.stringify(TRACKS_KBPS)}, ${seconds})`)
  return round(((treeCpuSeconds(tab.pid) - before) / seconds) * 100, 3)
}
