/** One server at a time in a data directory: a file that names the process, and is worth nothing once that is dead. */
import { randomBytes } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { readFileIfPresent } from './data-dir.ts'
import { HeadwaterError } from './errors.ts'

export interface DataDirLock {
  /** For the next one; idempotent. */
  release(): Promise<void>
}

/** `birth` tells a process from a later one of the same number; null where the system does not say. */
const holderSchema = z.object({ pid: z.int().min(1), birth: z.string().max(200).nullable() })
type Holder = z.infer<typeof holderSchema>

const NAME = 'server.lock'
const ATTEMPTS = 3

/** Takes the directory for this process. Throws `data_dir_in_use` while another process of this machine has it. */
export async function lockDataDir(dataDir: string): Promise<DataDirLock> {
  const file = path.join(dataDir, NAME)
  const own = JSON.stringify({ pid: process.pid, birth: await birthOf(process.pid) } satisfies Holder)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await place(file, own)) return { release: () => remove(file, own) }
    const found = await readFileIfPresent(file)
    if (found === null) continue
    const holder = readHolder(found)
    if (holder && (await isAlive(holder))) throw inUse(dataDir, holder.pid)
    await takeAway(file, found)
  }
  throw inUse(dataDir, null)
}

/** Whole or not at all, and never over one that is there. */
async function place(file: string, content: string): Promise<boolean> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeFile(temporary, content, { mode: 0o600, flag: 'wx' })
    await link(temporary, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

/** A dead one's. Two may find it at once: who finds another one's in his hands puts it back. */
async function takeAway(file: string, stale: string): Promise<void> {
  const aside = `${file}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await rename(file, aside)
    if ((await readFile(aside, 'utf8')) !== stale) await link(aside, file).catch(() => {})
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  await rm(aside, { force: true })
}

async function remove(file: string, own: string): Promise<void> {
  if ((await readFileIfPresent(file)) === own) await rm(file, { force: true })
}

function readHolder(text: string): Holder | null {
  try {
    return holderSchema.parse(JSON.parse(text))
  } catch {
    return null
  }
}

async function isAlive({ pid, birth }: Holder): Promise<boolean> {
  const now = await birthOf(pid)
  // In a container every start has the same number: this process is not the one before it.
  if (birth !== null && now !== birth) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The boot and the moment in it; null for no process, one that is dead and not yet buried, or another system than Linux. */
async function birthOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => null)
  if (stat === null || boot === null) return null
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? null : `${boot.trim()}:${fields[19]}`
}

function inUse(dataDir: string, pid: number | null): HeadwaterError {
  const who = pid === null ? 'another server' : `the server of process ${pid}`
  const message = `the data directory ${dataDir} is in use by ${who}: stop it first, or set DATA_DIR to another one`
  return new HeadwaterError('data_dir_in_use', message)
}
