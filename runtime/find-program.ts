/** Where a program is that this process would start. */
import { access, constants } from 'node:fs/promises'
import path from 'node:path'

/** Resolves when it is there and may be run, looked for as the system does; rejects with words for a status page. */
export async function findProgram(name: string): Promise<void> {
  const folders = name.includes(path.sep) ? [''] : (process.env['PATH'] ?? '').split(path.delimiter)
  for (const folder of folders) {
    const isThere = await access(path.join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return
  }
  throw new Error(`${name} cannot be run`)
}
