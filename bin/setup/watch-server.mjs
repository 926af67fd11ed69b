// Builds the server at every change of its sources and runs the newest build that succeeded.
import { context } from 'esbuild'
import { serverBuildOptions } from './build.mjs'
import { spawnServer } from './server.mjs'

/** Starts watching; resolves with the way to stop the watch and the server. */
export async function watchServer(args) {
  let server = null
  let isClosed = false
  // One restart after the other: a change during a restart waits for it.
  let turn = Promise.resolve()

  const restart = async () => {
    await server?.stop('SIGTERM')
    if (isClosed) return
    console.log(server ? 'dev: the server changed, starting it again' : 'dev: starting the server')
    server = spawnServer(args)
  }
  const onBuilt = (result) => {
    if (result.errors.length > 0) return console.log('dev: the build failed; the last good server goes on')
    turn = turn.then(restart)
  }
  const plugin = { name: 'restart', setup: (build) => build.onEnd(onBuilt) }
  const watch = await context({ ...serverBuildOptions(), plugins: [plugin] })
  await watch.watch()

  return async () => {
    isClosed = true
    await watch.dispose()
    await turn
    await server?.stop('SIGTERM')
  }
}
