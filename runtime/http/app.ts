/** The Koa app that API routers are mounted on: errors become `{code, message}`, whatever is not there a 404, as a page for who reads pages. */

import Koa from 'koa'
import type { Middleware } from 'koa'
import { HeadwaterError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { NOT_FOUND_PAGE } from './not-found-page.ts'
import { setPageHeaders } from './page-headers.ts'
import { REQUEST_ID_HEADER, requestFacts, requestIdOf } from './request-id.ts'
import { challenge, describeError } from './respond.ts'
import type { AppCallback } from './server.ts'

/** Creates the app's request callback from routers' middleware, asked in order. */
export function createApp(options: { logger: Logger; middleware: Middleware[] }): AppCallback {
  const app = new Koa()
  app.on('error', (error: unknown) => options.logger.error({ err: error }, 'request failed'))
  app.use(async (ctx, next) => {
    ctx.set('Cache-Control', 'no-store')
    ctx.set('X-Content-Type-Options', 'nosniff')
    try {
      await next()
      if (ctx.status === 404 && ctx.body === undefined) {
        throw new HeadwaterError('not_found', `there is nothing at ${ctx.path}`)
      }
    } catch (error) {
      if (!(error instanceof HeadwaterError))
        options.logger.error({ ...requestFacts(ctx.req), err: error }, 'request failed')
      const { status, body } = describeError(error)
      ctx.status = status
      challenge(ctx.res, status)
      ctx.set(REQUEST_ID_HEADER, requestIdOf(ctx.req))
      if (status === 404 && !ctx.path.startsWith('/api/') && ctx.accepts('json', 'html') === 'html') {
        setPageHeaders(ctx.res)
        ctx.type = 'html'
        ctx.body = NOT_FOUND_PAGE
      } else ctx.body = body
    }
  })
  for (const middleware of options.middleware) app.use(middleware)
  const handle = app.callback()
  return (req, res) => handle(req, res)
}
