/** What tests leave in the folder for temporary files is gone when they have run: all of it lies in one folder of theirs. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Says that the folder is there already: each project of tests has this set-up, and they share one. */
const MARK = 'HEADWATER_TEST_FOLDER'

/**
 * Before any worker is started, so that all of them have it from the environment. Folders inside each other would do as well, but
 * for Chromium: its socket lies in there, and a socket's path has 107 characters at most.
 */
export function setup(): () => void {
  if (process.env[MARK]) return () => undefined
  const before = process.env['TMPDIR']
  const folder = mkdtempSync(path.join(tmpdir(), 'hw-'))
  Object.assign(process.env, { [MARK]: folder, TMPDIR: folder })
  return () => {
    delete process.env[MARK]
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}
