/** Which origin this is: a name made once and kept in the data directory, so that it knows its own lease after a restart. */
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { readFileIfPresent, replaceFile } from '../../runtime/data-dir.ts'
import { HeadwaterError } from '../../runtime/errors.ts'

const ID_BYTES = 12

/** Throws `state_corrupt` when what is kept is no name. */
export async function openOriginId(dataDir: string): Promise<string> {
  const file = path.join(dataDir, 'origin-id')
  const kept = (await readFileIfPresent(file))?.trim()
  if (kept === undefined) {
    const made = randomBytes(ID_BYTES).toString('base64url')
    await replaceFile(file, `${made}\n`)
    return made
  }
  if (/^[\w-]{16}$/.test(kept)) return kept
  throw new HeadwaterError('state_corrupt', `${file} names no origin; remove it to have a new name made`)
}
