/** A part of the audio track that holds silence. Pure. */
import { AAC_SAMPLES_PER_FRAME, PROGRAM_AUDIO } from '../../media/aac.ts'
import { PARTS_PER_SECOND } from '../../media/part.ts'
import { SILENT_FRAME } from '../program/audio-track.ts'
import type { CutPart } from './part-cutter.ts'

const FRAMES_PER_PART = PROGRAM_AUDIO.sampleRate / PARTS_PER_SECOND / AAC_SAMPLES_PER_FRAME

/** All frames that begin in part k, as the cutter would have them. */
export function silentPart(k: number): CutPart {
  const first = Math.ceil(k * FRAMES_PER_PART)
  const count = Math.ceil((k + 1) * FRAMES_PER_PART) - first
  const samples = Array.from({ length: count }, (_, index) => {
    const time = (first + index) * AAC_SAMPLES_PER_FRAME
    return { time, duration: AAC_SAMPLES_PER_FRAME, keyframe: true, data: SILENT_FRAME }
  })
  return { k, samples }
}
