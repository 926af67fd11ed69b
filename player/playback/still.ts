/** The last picture of a video that goes away, kept on the stage until another one plays. */

/** Returns the way to remove it; does nothing where there is no picture, or it may not be read. */
export function keepStill(stage: HTMLElement, video: HTMLVideoElement): () => void {
  const { videoWidth, videoHeight } = video
  if (videoWidth === 0 || videoHeight === 0) return () => undefined
  const still = document.createElement('canvas')
  still.width = videoWidth
  still.height = videoHeight
  still.className = 'hw-video'
  still.getContext('2d')?.drawImage(video, 0, 0)
  stage.append(still)
  return () => still.remove()
}
