/** Answers of plain handlers: JSON, text and errors, and the headers they share. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { HeadwaterError } from '../errors.ts'
import { REQUEST_ID_HEADER, requestFacts, requestIdOf } from './request-id.ts'
import type { Logger } from '../logger.ts'

/** Sends a JSON body; never cached unless a header set before says otherwise. */
export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  sendBody(res, status, 'application/json; charset=utf-8', JSON.stringify(body))
}

/** Sends a text body with the given media type. */
export function sendText(res: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  sendBody(res, status, `${type}; charset=utf-8`, text)
}

/** Sends `{code, message}` with the error's status; anything but a HeadwaterError is `internal_error` without details. */
export function sendError(res: ServerResponse, error: unknown): void {
  if (res.headersSent) {
    res.destroy()
    return
  }
  const { status, body } = describeError(error)
  challenge(res, status)
  res.setHeader(REQUEST_ID_HEADER, requestIdOf(res.req))
  sendJson(res, status, body)
}

/** Says how to ask, with every 401 (RFC 9110, section 11.6.1). */
export function challenge(res: ServerResponse, status: number): void {
  if (status === 401) res.setHeader('WWW-Authenticate', 'Bearer')
}

/** The status and JSON body an error is answered with. */
export function describeError(error: unknown): { status: number; body: { code: string; message: string } } {
  if (error instanceof HeadwaterError) {
    return { status: error.status, body: { code: error.code, message: error.message } }
  }
  return {
    status: 500,
    body: { code: 'internal_error', message: 'something went wrong here; the log says what' },
  }
}

/** Runs an asynchronous plain handler: what it throws is answered, and logged when it is our fault. */
export function answer(res: ServerResponse, logger: Logger, handle: () => Promise<void> | void): void {
  const fail = (error: unknown): void => {
    if (!(error instanceof HeadwaterError))
      logger.error({ ...requestFacts(res.req), err: error }, 'request failed')
    sendError(res, error)
  }
  try {
    void Promise.resolve(handle()).catch(fail)
  } catch (error) {
    fail(error)
  }
}

/** Lets pages of any origin read this answer: media and public reads carry no secrets. */
export function allowAnyOrigin(res: ServerResponse): void {
  res.setHeader('Access-Control-Allow-Origin', '*')
  res.setHeader(
    'Access-Control-Expose-Headers',
    'Content-Length, Content-Range, Date, Age, ETag, Retry-After, X-Request-Id',
  )
}

/** Answers a CORS preflight. */
export function sendPreflight(res: ServerResponse, methods: string): void {
  allowAnyOrigin(res)
  res.setHeader('Access-Control-Allow-Methods', methods)
  res.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, Range, If-Range, If-None-Match')
  res.setHeader('Access-Control-Max-Age', '86400')
  res.writeHead(204).end()
}

/**
 * Whether a GET handler should go on with this request: HEAD is GET without its body (Node leaves it out), OPTIONS is
 * answered as a preflight, anything else with `method_not_allowed`.
 */
export function isReadRequest(req: IncomingMessage, res: ServerResponse): boolean {
  if (req.method === 'GET' || req.method === 'HEAD') return true
  if (req.method === 'OPTIONS') {
    sendPreflight(res, 'GET, HEAD, OPTIONS')
  } else {
    res.setHeader('Allow', 'GET, HEAD, OPTIONS')
    sendError(res, new HeadwaterError('method_not_allowed', `${req.method} is not possible here, only GET`))
  }
  return false
}

function sendBody(res: ServerResponse, status: number, type: string, text: string): void {
  const body = Buffer.from(text)
  if (!res.hasHeader('Cache-Control')) res.setHeader('Cache-Control', 'no-store')
  res.setHeader('X-Content-Type-Options', 'nosniff')
  res.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length })
  res.end(body)
}
