/** The durations that every playlist of Headwater is written with. They never change during a playlist's life (RFC 8216bis, 4.4.3). */
import { PARTS_PER_SECOND } from '../part.ts'

/** Three times what segments need: a pause of the source of up to 4 s stays within what clients expect. */
export const TARGET_DURATION_SEC = 6
export const HOLD_BACK_SEC = 3 * TARGET_DURATION_SEC
/** The least that RFC 8216bis, 4.4.3.8 allows. */
export const CAN_SKIP_UNTIL_SEC = 6 * TARGET_DURATION_SEC
/** Clients on real networks starve when they play closer than this, however short the parts are. */
export const MIN_PART_HOLD_BACK_SEC = 1
const PART_HOLD_BACK_PARTS = 3

const AAC_FRAME_SAMPLES = 1024
const AUDIO_SAMPLE_RATE = 48_000
const AUDIO_FRAMES_PER_PART = Math.ceil(AUDIO_SAMPLE_RATE / PARTS_PER_SECOND / AAC_FRAME_SAMPLES)

/** PART-TARGET of the audio track: parts have 12 or 11 AAC frames. */
export const AUDIO_PART_TARGET_SEC = (AUDIO_FRAMES_PER_PART * AAC_FRAME_SAMPLES) / AUDIO_SAMPLE_RATE

/** PART-TARGET of a video track: the most frames that begin in a quarter of a second, at 24, 25, 30, 50 or 60 fps. */
export function videoPartTargetSec(fps: number): number {
  return Math.ceil(fps / PARTS_PER_SECOND) / fps
}

export function partHoldBackSec(partTargetSec: number): number {
  return Math.max(MIN_PART_HOLD_BACK_SEC, Math.ceil(PART_HOLD_BACK_PARTS * partTargetSec * 1000) / 1000)
}
