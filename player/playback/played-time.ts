/** For how long the picture moved, whatever its speed and however often the video element is another. */

/** Between two looks nobody plays more than this; a seek does. */
const LONGEST_STEP_S = 2

export class PlayedTime {
  ms = 0
  #video: Pick<HTMLVideoElement, 'currentTime'> | null = null
  #atS = 0

  /** To be called at least once a second. */
  note(video: Pick<HTMLVideoElement, 'currentTime'> | null): void {
    const stepS = video && video === this.#video ? video.currentTime - this.#atS : 0
    if (stepS > 0 && stepS <= LONGEST_STEP_S) this.ms += stepS * 1000
    this.#video = video
    this.#atS = video?.currentTime ?? 0
  }
}
