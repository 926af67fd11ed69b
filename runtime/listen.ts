/** Opens a listening socket and says plainly what is in the way when it cannot. */

import type { AddressInfo, Server } from 'node:net'
import { HeadwaterError } from './errors.ts'

export interface ListenOptions {
  /** Address to listen on; null for every address of the machine. */
  host: string | null
  /** 0 takes any free port. */
  port: number
  /** The environment variable that changes the port, for the error message: `HTTP_PORT`. */
  variable: string
}

/** Listens and returns the port taken. Throws `port_in_use`, `port_denied` or `config_invalid`. */
export function listen(server: Server, options: ListenOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(describeListenError(error, options))
    server.once('error', onError)
    server.listen({ port: options.port, ...(options.host === null ? {} : { host: options.host }) }, () => {
      server.off('error', onError)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function describeListenError(error: NodeJS.ErrnoException, options: ListenOptions): HeadwaterError {
  const { port, variable } = options
  const where = options.host === null ? '' : ` on ${options.host}`
  const cause = { cause: error }
  if (error.code === 'EADDRINUSE') {
    const message = `port ${port}${where} is already in use; stop what uses it, or set ${variable} to another port`
    return new HeadwaterError('port_in_use', message, cause)
  }
  if (error.code === 'EACCES') {
    const message = `port ${port}${where} may not be opened by this user; set ${variable} to a port above 1023`
    return new HeadwaterError('port_denied', message, cause)
  }
  const message = `cannot listen on port ${port}${where}: ${error.message}; see ${variable.replace('PORT', 'HOST')}`
  return new HeadwaterError('config_invalid', message, cause)
}
