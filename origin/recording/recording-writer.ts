/** The file of one recording while it grows: parts are added at its end, each with its record in the index. */
import { open, type FileHandle } from 'node:fs/promises'
import type { RecordingHeader } from '../../media/movie/header.ts'
import { encodeIndexRecord, INDEX_RECORD_BYTES, parseIndex } from './part-index.ts'
import type { RecordingPaths } from './recording-files.ts'

/** As much of a file as is used, so that a test can hand in one that is slow or full. */
export type RecordingFile = Pick<
  FileHandle,
  'write' | 'read' | 'truncate' | 'sync' | 'datasync' | 'stat' | 'close' | 'readFile'
>
export type OpenRecordingFile = (file: string) => Promise<RecordingFile>

// Readable and writable, made when absent; never 'a': the header is written over when a recording is complete.
const PRIVATE_FILE_MODE = 0o600
export const openRecordingFile: OpenRecordingFile = async (file) => {
  const made = await open(file, 'a', PRIVATE_FILE_MODE)
  await made.close()
  return open(file, 'r+')
}

export class RecordingWriter {
  readonly #movie: RecordingFile
  readonly #index: RecordingFile
  #end: number
  #records: number
  #lastPart: number | null

  private constructor(files: { movie: RecordingFile; index: RecordingFile }, at: WrittenSoFar) {
    this.#movie = files.movie
    this.#index = files.index
    this.#end = at.end
    this.#records = at.records
    this.#lastPart = at.lastPart
  }

  /**
   * Begins the file, or goes on with one that has the same init segment: what a crash left behind the last whole part is cut off,
   * and parts from `nextPart` on, for the program does not remember them and makes them anew, with other pictures.
   * Null when there is a file that this program cannot go on with.
   */
  static async open(
    paths: RecordingPaths,
    { header, nextPart }: { header: RecordingHeader; nextPart: number },
    openFile: OpenRecordingFile = openRecordingFile,
  ): Promise<RecordingWriter | null> {
    const movie = await openFile(paths.movie)
    const index = await openFile(paths.index).catch(async (error: unknown) => {
      await movie.close()
      throw error
    })
    const files = { movie, index }
    try {
      const at = await prepare(files, header, nextPart)
      if (at) return new RecordingWriter(files, at)
    } catch (error) {
      await Promise.all([movie.close(), index.close()])
      throw error
    }
    await Promise.all([movie.close(), index.close()])
    return null
  }

  /** Bytes of whole parts, header and all. */
  get bytes(): number {
    return this.#end
  }

  /** Running number of the last part that is in the file. */
  get lastPart(): number | null {
    return this.#lastPart
  }

  /** Adds a part. After a failure the file ends as before: a part is there whole, or not at all. */
  async append(k: number, bytes: Uint8Array): Promise<void> {
    try {
      await writeAll(this.#movie, bytes, this.#end)
      const record = encodeIndexRecord(k, this.#end + bytes.length)
      await writeAll(this.#index, record, this.#records * INDEX_RECORD_BYTES)
    } catch (error) {
      await this.#movie.truncate(this.#end).catch(() => {})
      await this.#index.truncate(this.#records * INDEX_RECORD_BYTES).catch(() => {})
      throw error
    }
    this.#end += bytes.length
    this.#records++
    this.#lastPart = k
  }

  async close(): Promise<void> {
    await Promise.all([this.#movie.close(), this.#index.close()])
  }
}

interface WrittenSoFar {
  end: number
  records: number
  lastPart: number | null
}

async function prepare(
  { movie, index }: { movie: RecordingFile; index: RecordingFile },
  header: RecordingHeader,
  nextPart: number,
): Promise<WrittenSoFar | null> {
  const { bytes, initOffset } = header
  const { size } = await movie.stat()
  const head = new Uint8Array(bytes.length)
  const { bytesRead } = await movie.read(head, 0, head.length, 0)
  const isSame =
    bytesRead === bytes.length && Buffer.compare(head.subarray(initOffset), bytes.subarray(initOffset)) === 0
  const known = parseIndex(await index.readFile(), bytes.length, size)
  const parts = known.filter(({ k }) => k < nextPart)
  if (parts.length > 0 && !isSame) return null
  const end = parts.at(-1)?.end ?? bytes.length
  await movie.truncate(end)
  await index.truncate(parts.length * INDEX_RECORD_BYTES)
  await writeAll(movie, bytes, 0) // also over a cover: a completion that a crash cut short
  return { end, records: parts.length, lastPart: parts.at(-1)?.k ?? null }
}

export async function writeAll(file: RecordingFile, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written)
    if (bytesWritten === 0) throw new Error('nothing was written')
    written += bytesWritten
  }
}
