/** What runs in a page that is watched: a log of every frame shown, of what lay over it, and of the page's own hiccups. */
import { COUNTER_READER } from '../../support/counting-picture.ts'

/** As the page keeps it; wall-clock times in ms. */
export interface ScreenLog {
  /** time shown, media time in seconds, frames presented so far, counter or null, number of the video element */
  frames: [number, number, number, number | null, number][]
  /** What lay over the picture from then on; empty: nothing. */
  overlays: [number, string][]
  /** The main thread was late by so many ms. */
  hiccups: [number, number][]
  dropped: number
  /** How the video on the screen stood: time, ms of reserve, whether it had data and meant to play. */
  health: [number, number, boolean][]
}

export const LONGEST_TICK_MS = 150
const TICK_MS = 50

/** Overlays of our watch page; pages of others have none. */
const OVERLAY = '.overlay > *'

export const SCREEN_SCRIPT = `
${COUNTER_READER}
{
  const log = (window.chaosLog = { frames: [], overlays: [], hiccups: [], dropped: 0, health: [] })
  const hooked = new Map()
  const wall = (now) => performance.timeOrigin + now
  const isShown = (video) => video.clientWidth > 0 && getComputedStyle(video).visibility !== 'hidden' && getComputedStyle(video).opacity !== '0'
  const hook = (video) => {
    const id = hooked.size
    hooked.set(video, id)
    const next = () => video.requestVideoFrameCallback((now, { mediaTime, presentedFrames }) => {
      if (isShown(video)) log.frames.push([wall(now), mediaTime, presentedFrames, window.readCounter(video), id])
      next()
    })
    next()
  }
  let due = performance.now()
  let over = null
  setInterval(() => {
    const now = performance.now()
    if (now - due > ${LONGEST_TICK_MS}) log.hiccups.push([wall(now), now - due])
    due = now + ${TICK_MS}
    for (const video of document.querySelectorAll('video')) if (!hooked.has(video)) hook(video)
    const shown = [...hooked.keys()].find(isShown)
    if (shown) {
      const { currentTime: at, buffered, readyState, paused, seeking } = shown
      const range = [...Array(buffered.length).keys()].find((n) => buffered.start(n) <= at + 0.05 && buffered.end(n) > at)
      const reserve = range === undefined ? 0 : buffered.end(range) - at
      log.health.push([wall(now), Math.round(reserve * 1000), readyState >= 3 && !paused && !seeking])
    }
    log.dropped = [...hooked.keys()].reduce((sum, video) => sum + (video.getVideoPlaybackQuality?.().droppedVideoFrames ?? 0), 0)
    const seen = [...document.querySelectorAll('${OVERLAY}')].filter((each) => each.clientWidth > 0)
    const text = seen.map((each) => (each.innerText || each.getAttribute('aria-label') || each.className).replace(/\\s+/g, ' ').trim()).join(' | ')
    if (text !== over) log.overlays.push([wall(now), (over = text)])
  }, ${TICK_MS})
}
`
