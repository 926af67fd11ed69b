/** Files that are known to be whole: the SHA-256 of what is before it stands at the end. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { replaceFile } from '../../runtime/data-dir.ts'

const DIGEST_BYTES = 32

/** What was written, or null when there is no such file or it is not whole. */
export async function readSealedFile(file: string): Promise<Buffer | null> {
  const bytes = await readFile(file).catch(() => null)
  if (bytes === null || bytes.length < DIGEST_BYTES) return null
  const content = bytes.subarray(0, -DIGEST_BYTES)
  return digest(content).equals(bytes.subarray(-DIGEST_BYTES)) ? content : null
}

/** Throws what the file system says. */
export async function writeSealedFile(file: string, content: Uint8Array): Promise<void> {
  await replaceFile(file, Buffer.concat([content, digest(content)]))
}

function digest(content: Uint8Array): Buffer {
  return createHash('sha256').update(content).digest()
}
