/** When a page that waits shows its first frame, and what it asked and was told on the way there. */
import type { Page } from 'playwright-core'

export interface Step {
  atMs: number
  what: string
}

/** Runs in the page before all else: notes the wall clock at the first frame that any video shows. */
export const FIRST_FRAME_WATCH = `
  window.firstFrameAtMs = null
  const hooked = new WeakSet()
  const look = () => {
    for (const video of document.querySelectorAll('video')) {
      if (hooked.has(video)) continue
      hooked.add(video)
      video.requestVideoFrameCallback((now) => {
        window.firstFrameAtMs ??= performance.timeOrigin + now
      })
    }
    if (window.firstFrameAtMs === null) requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
`

/** Notes what the page asks and is told, from now on. */
export function followSteps(page: Page): Step[] {
  const steps: Step[] = []
  const note = (what: string): void => void steps.push({ atMs: Date.now(), what })
  const fileOf = (url: string): string => new URL(url).pathname.split('/').slice(-2).join('/')
  page.on('request', (request) => note(`asks ${fileOf(request.url())}`))
  page.on('response', (response) => note(`${response.status()} ${fileOf(response.url())}`))
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => {
      const state = /"type":"room".*?"state":"(\w+)"/.exec(String(payload))?.[1]
      if (state) note(`room is ${state}`)
    })
  })
  return steps
}

export function readFirstFrame(page: Page): Promise<number | null> {
  return page.evaluate('window.firstFrameAtMs') as Promise<number | null>
}
