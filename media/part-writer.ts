/** Writes a part: its own `moof` over the samples of one k, so that parts do not tell which encoder made them (14496-12, 8.8; 8.16.5 for `prft`). */
import { concatBytes, u32Bytes, u64Bytes } from './bytes.ts'
import { encodeBox, encodeFullBox } from './box.ts'
import type { Sample } from './fragment.ts'
import { encodeMeta, encodeMetaBox, runningNumber, type Part, type PartHeader } from './part.ts'
import { chunkBytesFor, hashChunks, signingInput, type Hash, type Sign } from './signature.ts'

export interface PartContents {
  header: PartHeader
  /** All of one k, in order, at least one. */
  samples: readonly Sample[]
  sign: Sign
  /** SHA-256; pure JavaScript unless a faster one is handed in. */
  hash?: Hash
}

const SYNC_SAMPLE = 0x02000000
const NON_SYNC_SAMPLE = 0x01010000
const TRACK_ID = 1
/** 1900 to 1970, between NTP's epoch and ours. */
const NTP_OFFSET_SECONDS = 2_208_988_800

/** Throws `MediaError` when the samples are more than a part can hold (16 MiB). */
export function encodePart({ header, samples, sign, hash }: PartContents): Part {
  const payload = samples.map((sample) => sample.data)
  const sequence = runningNumber(header) + 1
  const moofBytes = encodeMoof(header, samples, { sequence, dataOffset: 0 }).length
  const moof = encodeMoof(header, samples, { sequence, dataOffset: moofBytes + 8 })
  const body = concatBytes([encodePrft(header), moof, encodeBox('mdat', ...payload)])
  const chunkBytes = chunkBytesFor(body.length)
  const signed = encodeMeta({
    header,
    bodyBytes: body.length,
    chunkBytes,
    chunkHashes: hashChunks(body, chunkBytes, hash),
  })
  return { header, bytes: concatBytes([encodeMetaBox(signed, sign(signingInput(signed))), body]) }
}

function encodeMoof(
  header: PartHeader,
  samples: readonly Sample[],
  { sequence, dataOffset }: { sequence: number; dataOffset: number },
): Uint8Array {
  const [first] = samples
  const runFlags = samples.every((sample) => sample.keyframe) ? SYNC_SAMPLE : NON_SYNC_SAMPLE
  const tfhd = encodeFullBox(
    'tfhd',
    { flags: 0x020000 | 0x8 | 0x20 }, // default-base-is-moof, default duration and flags
    u32Bytes(TRACK_ID, first?.duration ?? 0, runFlags),
  )
  const tfdt = encodeFullBox('tfdt', { version: 1 }, u64Bytes(header.mediaTime))
  const trun = encodeTrackRun(samples, dataOffset)
  return encodeBox('moof', encodeFullBox('mfhd', {}, u32Bytes(sequence)), encodeBox('traf', tfhd, tfdt, trun))
}

/** Sizes always; a duration or flags for each sample only where `tfhd` and the first sample's flags do not say it all. */
function encodeTrackRun(samples: readonly Sample[], dataOffset: number): Uint8Array {
  const [first, ...others] = samples
  const hasDurations = others.some((sample) => sample.duration !== first?.duration)
  const isMixed = samples.some((sample) => !sample.keyframe) && samples.some((sample) => sample.keyframe)
  const hasFlags = isMixed && others.some((sample) => sample.keyframe)
  const hasFirstFlags = isMixed && !hasFlags
  const fields = samples.flatMap((sample) => [
    ...(hasDurations ? [sample.duration] : []),
    sample.data.length,
    ...(hasFlags ? [sample.keyframe ? SYNC_SAMPLE : NON_SYNC_SAMPLE] : []),
  ])
  const flags = 0x201 | (hasFirstFlags ? 0x4 : 0) | (hasDurations ? 0x100 : 0) | (hasFlags ? 0x400 : 0)
  const firstFlags = hasFirstFlags ? [SYNC_SAMPLE] : []
  return encodeFullBox('trun', { flags }, u32Bytes(samples.length, dataOffset, ...firstFlags, ...fields))
}

/** Producer reference time: when the origin took in what is shown at this media time. */
function encodePrft(header: PartHeader): Uint8Array {
  const captureTimeMs = Math.round(header.captureTimeMs)
  const seconds = Math.floor(captureTimeMs / 1000)
  const fraction = Math.floor(((captureTimeMs % 1000) / 1000) * 2 ** 32)
  const ntp = u32Bytes(seconds + NTP_OFFSET_SECONDS, fraction)
  return encodeFullBox('prft', { version: 1 }, u32Bytes(TRACK_ID), ntp, u64Bytes(header.mediaTime))
}
