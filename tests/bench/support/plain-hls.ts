/** A page with plain hls.js, for comparison: its own loader, its own controller, low-latency mode. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { CLOCK_READER } from '../../support/clock-picture.ts'

const library = createRequire(import.meta.url).resolve('hls.js/dist/hls.min.js')

function page(master: string): string {
  return `<!doctype html><video muted autoplay playsinline width=640></video><script src=/hls.js></script><script>
${CLOCK_READER}
window.plain = { firstFrameMs: null, gaps: 0 }
const video = document.querySelector('video')
let last = null
const onFrame = (now) => {
  window.plain.firstFrameMs ??= Math.round(performance.now())
  if (last !== null && now - last > 250) window.plain.gaps++
  last = now
  video.requestVideoFrameCallback(onFrame)
}
video.requestVideoFrameCallback(onFrame)
const hls = new Hls({ lowLatencyMode: true })
hls.loadSource(${JSON.stringify(master)})
hls.attachMedia(video)
</script>`
}

export async function servePlainHls(master: string): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((req, res) => {
    const isLibrary = req.url === '/hls.js'
    res.writeHead(200, { 'Content-Type': isLibrary ? 'text/javascript' : 'text/html' })
    res.end(isLibrary ? readFileSync(library) : page(master))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
