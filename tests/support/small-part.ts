/** Whole, signed parts of a few bytes, for tests of what is written and read and of nothing that is shown. */
import { ed25519 } from '@noble/curves/ed25519.js'
import type { Sample } from '../../media/fragment.ts'
import type { Part } from '../../media/part.ts'
import { encodePart } from '../../media/part-writer.ts'
import { signWith } from '../../media/signature.ts'
import { SYNTHETIC_AUDIO, syntheticHeader, syntheticVideo } from '../../media/synthetic-stream.ts'
import type { SyntheticTrack } from '../../media/synthetic-stream.ts'

/** Signs nothing but tests. */
export const TEST_SECRET_KEY: Uint8Array = Uint8Array.from({ length: 32 }, (_, index) => index)
export const TEST_PUBLIC_KEY: Uint8Array = ed25519.getPublicKey(TEST_SECRET_KEY)
export const testSign = signWith(TEST_SECRET_KEY)

export const SMALL_VIDEO = syntheticVideo(30)
export const SMALL_AUDIO = SYNTHETIC_AUDIO

/** The samples of part k: each of `sampleBytes` bytes that tell which sample it is. */
export function smallSamples(track: SyntheticTrack, k: number, sampleBytes = 6): Sample[] {
  const { mediaTime, duration, independent } = syntheticHeader(track, k)
  const isAudio = track.track === 'audio'
  return Array.from({ length: duration / track.sampleDuration }, (_, index) => ({
    time: mediaTime + index * track.sampleDuration,
    duration: track.sampleDuration,
    keyframe: isAudio || (independent && index === 0),
    data: Uint8Array.from({ length: sampleBytes }, (_, at) => (k * 31 + index * 7 + at) & 0xff),
  }))
}

export function smallPart(track: SyntheticTrack, k: number, sampleBytes?: number): Part {
  return encodePart({
    header: syntheticHeader(track, k),
    samples: smallSamples(track, k, sampleBytes),
    sign: testSign,
  })
}
