/** A logger whose lines a test can read. */

import { createLogger } from '../../runtime/logger.ts'
import type { Logger } from '../../runtime/logger.ts'

export interface CapturedLog {
  logger: Logger
  /** Every line written so far, parsed. */
  lines(): Record<string, unknown>[]
  text(): string
}

export function captureLog(): CapturedLog {
  const written: string[] = []
  const destination = { write: (line: string) => void written.push(line) }
  return {
    logger: createLogger({ level: 'trace', destination, isPretty: false }),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
    text: () => written.join(''),
  }
}
