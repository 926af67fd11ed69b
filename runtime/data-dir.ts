/** DATA_DIR: made at the first start, private to its owner; files in it are replaced whole or not at all. */

import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { HeadwaterError } from './errors.ts'

// Keys and tokens live here: nobody but the owner may read.
const PRIVATE_DIR_MODE = 0o700
const PRIVATE_FILE_MODE = 0o600

/** Makes the directory when it is absent. Throws `data_dir_unusable` when it cannot be written. */
export async function openDataDir(dataDir: string): Promise<void> {
  try {
    await makeDirectory(dataDir)
    const probe = path.join(dataDir, `.probe-${process.pid}`)
    await (await open(probe, 'w', PRIVATE_FILE_MODE)).close()
    await rm(probe, { force: true })
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error)
    const message = `cannot write to the data directory ${dataDir} (${why}): set DATA_DIR to one that this user may write to`
    throw new HeadwaterError('data_dir_unusable', message, { cause: error })
  }
}

/** With all above it. Node's own `recursive` never returns where the system says that a directory's parent is not there, and it is: in /proc. */
async function makeDirectory(directory: string): Promise<void> {
  const make = (): Promise<void> => mkdir(directory, { mode: PRIVATE_DIR_MODE })
  try {
    await make()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || path.dirname(directory) === directory) throw error
    await makeDirectory(path.dirname(directory))
    await make()
  }
}

/** Replaces a file: written beside it, flushed to disk, renamed over it; a crash leaves the old or the new one. */
export async function replaceFile(file: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const handle = await open(temporary, 'wx', PRIVATE_FILE_MODE)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncDirectory(path.dirname(file))
}

/** The text of a file, or null when it does not exist. */
export async function readFileIfPresent(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

// The rename itself is durable only once the directory is flushed; systems that cannot do that lose nothing else.
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch(() => null)
  if (handle === null) return
  await handle.sync().catch(() => {})
  await handle.close()
}
