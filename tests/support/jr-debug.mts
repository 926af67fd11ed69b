import { launchChromium } from './chromium.ts'
import { eventually } from './eventually.ts'
import { HeadwaterProcess } from './headwater-process.ts'
import { publishFlashes, type Publisher } from './publisher.ts'
import { openWatchPage, untilPlaying } from './watch-page.ts'
const server = await HeadwaterProcess.start()
const room = await server.createRoom()
let over = false
let running: Publisher | null = null
const loop = (async () => {
  while (!over) {
    running = publishFlashes({ url: server.publishUrl(room) })
    await running.exited
    console.log(at(), 'publisher lost')
    await new Promise((r) => setTimeout(r, 500))
  }
})()
let t0 = Date.now()
function at() {
  return ((Date.now() - t0) / 1000).toFixed(2)
}
await server.live(room.id)
await new Promise((r) => setTimeout(r, 14_000))
const browser = await launchChromium()
const watch = await openWatchPage(browser, { url: server.url, roomId: room.id, mode: 'continuity' })
watch.page.on('requestfinished', async (r) => {
  if (/live\//.test(r.url())) {
    const a = await r.response()
    console.log(at(), 'ok', a?.status(), r.url().split('/').slice(-2).join('/'))
  }
})
watch.page.on('requestfailed', (r) => console.log(at(), 'failed', r.url().split('/').slice(-2).join('/')))
await untilPlaying(watch)
await eventually(async () => ((await watch.stats())?.reserveMs ?? 0) > 6500, 30000)
t0 = Date.now()
const poll = setInterval(async () => {
  const s = await watch.stats().catch(() => null)
  const v = await watch.page
    .evaluate(
      `(() => { const v = document.querySelector('video'); const b=[]; for (let i=0;i<v.buffered.length;i++) b.push(v.buffered.start(i).toFixed(2)+'-'+v.buffered.end(i).toFixed(2)); return v.currentTime.toFixed(2)+' ['+b.join(' ')+'] rate '+v.playbackRate.toFixed(2)+' rs '+v.readyState })()`,
    )
    .catch(() => '')
  console.log(
    at(),
    '   ',
    v,
    s?.state,
    'lat',
    s?.latencyMs,
    'res',
    s?.reserveMs,
    'stall',
    s?.stalls,
    s?.stallMs,
  )
}, 300)
await new Promise((r) => setTimeout(r, 1000))
console.log(at(), 'KILL')
await server.restart({ awayMs: 2000 })
console.log(at(), 'ready')
await server.live(room.id)
console.log(at(), 'live')
await new Promise((r) => setTimeout(r, 15_000))
clearInterval(poll)
over = true
await (running as Publisher | null)?.close()
await loop
await browser.close()
console.log(
  server.output
    .split('\n')
    .filter((l) => /program|source|publisher|encod/.test(l))
    .slice(-30)
    .join('\n'),
)
await server.close()
