/** A page with a plain player of others, as its documentation shows it: hls.js or mpegts.js, and nothing that mends. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'

export type PlainPlayer = 'hls.js' | 'mpegts.js'

const require = createRequire(import.meta.url)
const LIBRARIES: Readonly<Record<PlainPlayer, string>> = {
  'hls.js': require.resolve('hls.js/dist/hls.min.js'),
  'mpegts.js': require.resolve('mpegts.js/dist/mpegts.js'),
}

const START: Readonly<Record<PlainPlayer, string>> = {
  'hls.js': `
const player = new Hls()
player.on(Hls.Events.ERROR, (_, { details, fatal }) => note(details + (fatal ? ' (fatal)' : '')))
player.loadSource(address)
player.attachMedia(video)
`,
  'mpegts.js': `
const player = mpegts.createPlayer({ type: 'flv', isLive: true, url: address })
player.on(mpegts.Events.ERROR, (kind, detail) => note(kind + ' ' + detail))
player.on(mpegts.Events.LOADING_COMPLETE, () => note('loading complete: the server closed the stream'))
player.attachMediaElement(video)
player.load()
video.play()
`,
}

export interface PlainPage {
  url: string
  close: () => Promise<void>
}

/** The page keeps `window.plainEvents`: `[wall clock, text]` of what its player complains of. */
export async function servePlainPage(player: PlainPlayer, address: string): Promise<PlainPage> {
  const html = `<!doctype html><video muted autoplay playsinline width=480></video><script src=/library.js></script><script>
window.plainEvents = []
const note = (text) => window.plainEvents.push([Date.now(), text])
const video = document.querySelector('video')
const address = ${JSON.stringify(address)}
${START[player]}
</script>`
  const server = createServer((req, res) => {
    const isLibrary = req.url === '/library.js'
    res.writeHead(200, { 'Content-Type': isLibrary ? 'text/javascript' : 'text/html' })
    res.end(isLibrary ? readFileSync(LIBRARIES[player]) : html)
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
