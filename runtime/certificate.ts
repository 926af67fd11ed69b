/** A TLS certificate and its key from files, read again when they change: they are renewed while the server runs. */
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { HeadwaterError } from './errors.ts'

export interface CertificateFiles {
  /** PEM: the certificate, and those between it and the authority behind it. */
  certFile: string
  /** PEM, without a passphrase. */
  keyFile: string
}

export interface Certificate {
  cert: Buffer
  key: Buffer
}

export interface FollowOptions {
  intervalMs?: number
  onChange: (certificate: Certificate) => void
  /** The new files cannot be used (yet): the certificate before them stays in force. */
  onProblem: (problem: HeadwaterError) => void
}

const MAX_FILE_BYTES = 256 * 1024
const CHECK_EVERY_MS = 10_000

/** Throws `config_invalid` for files that cannot be read, are no PEM, or do not belong together. */
export async function readCertificate({ certFile, keyFile }: CertificateFiles): Promise<Certificate> {
  const [cert, key] = [await readPem(certFile, 'certificate'), await readPem(keyFile, 'key')]
  try {
    createSecureContext({ cert, key })
  } catch (cause) {
    const message = `the certificate ${certFile} and the key ${keyFile} cannot be used: ${messageOf(cause)}`
    throw new HeadwaterError('config_invalid', message, { cause })
  }
  return { cert, key }
}

/** Looks at the files now and then, by name: renewals put other files in their places. Returns the way to stop. */
export function followCertificate(files: CertificateFiles, options: FollowOptions): () => void {
  let isStopped = false
  let seen: string | null = null
  const check = async (): Promise<void> => {
    const stamp = await stampOf(files)
    const isChanged = seen !== null && stamp !== seen
    seen = stamp
    if (!isChanged) return
    const certificate = await readCertificate(files)
    if (!isStopped) options.onChange(certificate)
  }
  let running = check()
  const timer = setInterval(() => {
    running = running.then(check).catch((error: unknown) => {
      if (error instanceof HeadwaterError && !isStopped) options.onProblem(error)
    })
  }, options.intervalMs ?? CHECK_EVERY_MS)
  timer.unref()
  return () => {
    isStopped = true
    clearInterval(timer)
  }
}

async function readPem(file: string, what: string): Promise<Buffer> {
  try {
    const { size } = await stat(file)
    if (size > MAX_FILE_BYTES) throw new Error(`${size} bytes, at most ${MAX_FILE_BYTES}`)
    return await readFile(file)
  } catch (cause) {
    throw new HeadwaterError('config_invalid', `the ${what} ${file} cannot be read: ${messageOf(cause)}`, {
      cause,
    })
  }
}

/** A file that is away is a change as well. */
async function stampOf({ certFile, keyFile }: CertificateFiles): Promise<string> {
  const stamps = [certFile, keyFile].map((file) =>
    stat(file).then(
      ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
      () => 'none',
    ),
  )
  return (await Promise.all(stamps)).join(' ')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
