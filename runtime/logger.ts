/** The log: pino, readable in a terminal and JSON elsewhere, with every secret taken out before a line is written. */

import { pino } from 'pino'
import type { DestinationStream, Logger as PinoLogger } from 'pino'
import { prettyFactory } from 'pino-pretty'

export type Logger = PinoLogger

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LoggerOptions {
  level: LogLevel
  /** Where lines go; standard output when absent. */
  destination?: DestinationStream
  /** Readable lines instead of JSON; by default when standard output is a terminal. */
  isPretty?: boolean
}

/** Creates the process's logger; every part gets a child of it. */
export function createLogger(options: LoggerOptions): Logger {
  const isPretty = options.isPretty ?? (options.destination === undefined && process.stdout.isTTY === true)
  const settings = {
    level: options.level,
    base: null,
    redact: { paths: redactedPaths(), censor: '[redacted]' },
    hooks: { streamWrite: scrubSecrets },
  }
  // Synchronous: the last lines before an exit are those that matter most.
  const destination = options.destination ?? pino.destination({ dest: 1, sync: true })
  return pino(settings, isPretty ? readable(destination, options.destination === undefined) : destination)
}

/** A logger for one room: every line carries the room's public id. */
export function roomLogger(logger: Logger, roomId: string): Logger {
  return logger.child({ room: roomId })
}

/**
 * Takes what looks like a secret out of a finished log line: a stream key keeps its room id; a viewer token, wherever it
 * stands, a bearer token and a `token=` parameter lose everything. The second line of defence after redaction by field name, for secrets inside
 * messages and stacks (ffmpeg's own output names the address it publishes to).
 */
export function scrubSecrets(line: string): string {
  return line
    .replace(/\bv1\.\d{10,11}\.[A-Za-z0-9_-]{43}/g, '[redacted]')
    .replace(/([A-Za-z0-9_-]{3,64})_[A-Za-z0-9]{20,}/g, '$1_[redacted]')
    .replace(/\b(Bearer)\s+[^\s"'\\]+/gi, '$1 [redacted]')
    .replace(/\b((?:publisher_)?token|secret|stream_?key)=[^\s"'&\\]+/gi, '$1=[redacted]')
}

const SECRET_FIELDS = [
  'authorization',
  'adminToken',
  'admin_token',
  'clusterSecret',
  'cluster_secret',
  'publisherToken',
  'publisher_token',
  'streamKey',
  'stream_key',
  'backup_stream_key',
  'token',
  'secret',
  'password',
  'credential',
  'signingSeed',
]

// pino redacts fixed depths only: a secret is covered at the top, one and two objects down (`req.headers.authorization`).
function redactedPaths(): string[] {
  return SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`])
}

// pino-pretty's own stream passes lines on later, and loses them at an exit; its formatter alone does not.
function readable(destination: DestinationStream, isColoured: boolean): DestinationStream {
  const format = prettyFactory({ translateTime: 'SYS:HH:MM:ss.l', singleLine: true, colorize: isColoured })
  return { write: (line) => void destination.write(format(line)) }
}
