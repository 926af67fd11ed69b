/** Feeds a frame meter from a video element, as long as frames are to be expected of it. */
import type { FrameMeter } from './frame-meter.ts'

export interface FrameWatch {
  /** called at the first frame, or at the first sound of a program without a picture */
  onFirst: () => void
  now?: () => number
}

/** Returns the way to stop. */
export function watchFrames(video: HTMLVideoElement, meter: FrameMeter, watch: FrameWatch): () => void {
  const now = watch.now ?? (() => performance.now())
  const gone = new AbortController()
  const { signal } = gone
  const rest = (): void => meter.rest(now())
  const begin = (): void => {
    const isFirst = meter.firstAtMs === null
    meter.onFrame(now())
    if (isFirst) watch.onFirst()
  }
  let handle = 0
  const next = (): void => {
    handle = video.requestVideoFrameCallback(() => {
      if (signal.aborted) return
      if (video.paused || video.seeking || document.hidden) meter.rest(now())
      begin()
      next()
    })
  }
  if ('requestVideoFrameCallback' in video) next()
  // without a picture, or in a hidden page, no frame callback comes
  const onProgress = (): void => {
    const isSilentOfFrames = video.videoWidth === 0 || document.hidden
    if (isSilentOfFrames && meter.firstAtMs === null && video.currentTime > 0) begin()
    if (isSilentOfFrames) meter.rest(now())
  }
  video.addEventListener('timeupdate', onProgress, { signal })
  video.addEventListener('pause', rest, { signal })
  video.addEventListener('seeking', rest, { signal })
  video.addEventListener('ended', rest, { signal })
  video.addEventListener('waiting', () => !video.seeking && !document.hidden && meter.onWaiting(now()), {
    signal,
  })
  document.addEventListener('visibilitychange', rest, { signal })
  return () => {
    gone.abort()
    if ('cancelVideoFrameCallback' in video) video.cancelVideoFrameCallback(handle)
  }
}
