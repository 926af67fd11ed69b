/** Makes a recording that ended a plain MP4, in place: tables behind it, and an `mdat` header over its fragments. */
import { readBoxes } from '../../media/box.ts'
import { ByteReader } from '../../media/bytes.ts'
import { parseFragmentFacts, type FragmentFacts } from '../../media/fragment.ts'
import { MediaError } from '../../media/media-error.ts'
import { COVER_BYTES, encodeCover } from '../../media/movie/header.ts'
import { PlainMovie } from '../../media/movie/plain-movie.ts'
import { PARTS_PER_SECOND } from '../../media/part.ts'
import type { RecordedPart } from '../../media/playlist/recording.ts'
import type { Recording } from './recording.ts'
import type { RecordingFiles } from './recording-files.ts'
import { openRecordingFile, writeAll, type RecordingFile } from './recording-writer.ts'

/** Longer ones stay fragmented: their tables take too much memory, and times no longer fit in 32 bits. */
const MAX_PLAIN_SECONDS = 24 * 3600
/** A `moof` of ours has a few hundred bytes. */
const MAX_MOOF_BYTES = 64 * 1024
const FIRST_READ_BYTES = 2048

interface Fragment {
  facts: FragmentFacts
  dataOffset: number
}

interface Made {
  durationMs: number
  bytes: number
  mediaEnd: number
}

/**
 * Completes a recording on disk and says so in its facts, which it returns; null when nothing was recorded. May be
 * repeated after a crash at any point: the last write of all is the one that makes it a plain file.
 */
export async function completeRecording(
  files: RecordingFiles,
  recording: Recording,
  endedAtMs: number,
): Promise<Recording | null> {
  const paths = files.paths(recording.roomId, recording.programId)
  const parts = await files.parts(recording)
  const last = parts.at(-1)
  if (!last) {
    await files.remove(recording.roomId, recording.programId)
    return null
  }
  const movie = await openRecordingFile(paths.movie)
  try {
    await movie.truncate(last.end)
    const isPlain = parts.length <= MAX_PLAIN_SECONDS * PARTS_PER_SECOND
    const made = isPlain ? await makePlain(movie, recording, parts) : asItIs(recording, last)
    const facts = {
      ...recording,
      complete: true,
      endedAtMs: recording.endedAtMs ?? endedAtMs,
      ...made,
    }
    await files.save(facts)
    return facts
  } finally {
    await movie.close()
  }
}

function asItIs({ firstPart }: Recording, last: RecordedPart): Made {
  const durationMs = ((last.k + 1 - firstPart) * 1000) / PARTS_PER_SECOND
  return { durationMs, bytes: last.end, mediaEnd: last.end }
}

async function makePlain(
  movie: RecordingFile,
  { init }: Recording,
  parts: readonly RecordedPart[],
): Promise<Made> {
  const plain = new PlainMovie(await readAt(movie, init.start, init.end - init.start))
  let end = init.end
  for (const part of parts) {
    const fragments = await readFragments(movie, part).catch((error: unknown) => {
      if (error instanceof MediaError) return null
      throw error
    })
    // The machine lost power before this part was on the disk: the recording ends before it.
    if (fragments === null) break
    for (const { facts, dataOffset } of fragments) plain.add(facts, dataOffset)
    end = part.end
  }
  await movie.truncate(end)
  const moov = plain.encode()
  await writeAll(movie, moov, end)
  await movie.sync()
  const coverOffset = init.start - COVER_BYTES
  await writeAll(movie, encodeCover(coverOffset, end), coverOffset)
  await movie.sync()
  return { durationMs: plain.durationMs, bytes: end + moov.length, mediaEnd: end }
}

/** Every `moof` of a part; of each `mdat` only where its payload begins. */
async function readFragments(movie: RecordingFile, part: RecordedPart): Promise<Fragment[]> {
  const fragments: Fragment[] = []
  let at = part.start
  while (at < part.end) {
    const head = await readAt(movie, at, Math.min(FIRST_READ_BYTES, part.end - at))
    const moofBytes = new ByteReader(head).u32()
    if (moofBytes > MAX_MOOF_BYTES) throw new MediaError(`moof of ${moofBytes} bytes`)
    const needed = moofBytes + 8
    const bytes = head.length >= needed ? head : await readAt(movie, at, needed)
    const [moof] = readBoxes(bytes.subarray(0, moofBytes))
    if (moof?.type !== 'moof') throw new MediaError(`box ${moof?.type} where a moof is due`)
    fragments.push({ facts: parseFragmentFacts(bytes.subarray(0, moofBytes)), dataOffset: at + needed })
    const mdatBytes = new ByteReader(bytes, moofBytes).u32()
    if (mdatBytes < 8) throw new MediaError(`mdat of ${mdatBytes} bytes`)
    at += moofBytes + mdatBytes
  }
  if (at !== part.end) throw new MediaError(`fragments of a part end at ${at}, not at ${part.end}`)
  return fragments
}

async function readAt(file: RecordingFile, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  const { bytesRead } = await file.read(bytes, 0, length, position)
  if (bytesRead < length) throw new MediaError(`${length} bytes wanted at ${position}, ${bytesRead} there`)
  return bytes
}
