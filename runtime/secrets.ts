/** The process's own secrets: from the configuration, or made at the first start and kept in DATA_DIR. */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import path from 'node:path'
import type { Config } from './config.ts'
import { readFileIfPresent, replaceFile } from './data-dir.ts'
import { HeadwaterError } from './errors.ts'

export interface Secrets {
  /** Manages every room. */
  adminToken: string
  /** Whether the admin token was made by us (and a sign-in link should be printed) rather than configured. */
  isAdminTokenMade: boolean
  /** What services of one cluster prove themselves with. */
  clusterSecret: string
}

/** Reads or makes the secrets; the data directory must be open. */
export async function loadSecrets(
  config: Pick<Config, 'adminToken' | 'clusterSecret' | 'dataDir'>,
): Promise<Secrets> {
  return {
    adminToken: config.adminToken ?? (await readOrMake(path.join(config.dataDir, 'admin-token'))),
    isAdminTokenMade: config.adminToken === null,
    clusterSecret: config.clusterSecret ?? (await readOrMake(path.join(config.dataDir, 'cluster-secret'))),
  }
}

/** Whether a claimed secret is the expected one, in a time that tells nothing about where they differ. */
export function secretsMatch(claimed: string, expected: string): boolean {
  return timingSafeEqual(digest(claimed), digest(expected))
}

async function readOrMake(file: string): Promise<string> {
  const kept = (await readFileIfPresent(file))?.trim()
  if (kept !== undefined && /^[\x21-\x7e]{16,512}$/.test(kept)) return kept
  if (kept !== undefined)
    throw new HeadwaterError(
      'state_corrupt',
      `${file} holds no usable secret; remove it to have a new one made`,
    )
  const made = randomBytes(24).toString('base64url')
  await replaceFile(file, `${made}\n`)
  return made
}

// Digests are of one length, which timingSafeEqual wants, and hide the length of the expected secret.
function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
