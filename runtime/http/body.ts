/** Reads request bodies, within a limit. */

import type { IncomingMessage } from 'node:http'
import { HeadwaterError } from '../errors.ts'

/** The whole body. Throws `body_too_large` above `maxBytes`, `bad_request` when the client goes away midway. */
export async function readBody(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = (): HeadwaterError =>
    new HeadwaterError('body_too_large', `body must not be larger than ${maxBytes} bytes`)
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw tooLarge()
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of req as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > maxBytes) throw tooLarge()
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof HeadwaterError) throw error
    throw new HeadwaterError('bad_request', 'the body did not arrive whole', { cause: error })
  }
  return Buffer.concat(chunks)
}

/** The body as JSON; an empty one is `{}`. Throws `body_invalid` for anything that is not JSON. */
export async function readJson(req: IncomingMessage, maxBytes: number): Promise<unknown> {
  const text = (await readBody(req, maxBytes)).toString('utf8')
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new HeadwaterError('body_invalid', 'the body is not JSON', { cause: error })
  }
}
