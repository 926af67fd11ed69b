/** The files of a journal as they are written: one a track at a time, that only grows, and those before it while they are of use. */
import { open, readdir, rm, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { formatFileName, parseFileName } from './journal-file.ts'

const PRIVATE_FILE_MODE = 0o600

export class PartFiles {
  readonly #directory: string
  readonly #handles = new Map<string, FileHandle>()
  #firstPart: number | null = null

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Number of the first part in the files written now; null before there are any. */
  get firstPart(): number | null {
    return this.#firstPart
  }

  /** The next bytes go to new files, which begin with this part. */
  async begin(firstPart: number): Promise<void> {
    await this.close()
    this.#firstPart = firstPart
  }

  /** Resolves when the system has the bytes: whatever happens to this process, they are not lost. */
  async append(track: string, bytes: Uint8Array): Promise<void> {
    const handle = this.#handles.get(track) ?? (await this.#open(track))
    await handle.appendFile(bytes)
  }

  /** Removes files all of whose parts lie before this one. */
  async removeBefore(part: number): Promise<void> {
    const files = (await readdir(this.#directory)).flatMap((name) => parseFileName(name) ?? [])
    const starts = [...new Set(files.map(({ firstPart }) => firstPart))].sort((a, b) => a - b)
    for (const file of files) {
      const following = starts.find((start) => start > file.firstPart)
      if (following === undefined || following > part) continue
      await rm(path.join(this.#directory, formatFileName(file)), { force: true })
    }
  }

  async close(): Promise<void> {
    const handles = [...this.#handles.values()]
    this.#handles.clear()
    this.#firstPart = null
    for (const handle of handles) await handle.close()
  }

  async #open(track: string): Promise<FileHandle> {
    const name = formatFileName({ track, firstPart: this.#firstPart ?? 0 })
    // One that is there is of a process killed before every track had its first part.
    const handle = await open(path.join(this.#directory, name), 'w', PRIVATE_FILE_MODE)
    this.#handles.set(track, handle)
    return handle
  }
}
