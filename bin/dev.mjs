// `npm run dev [-- server options]`: the server, built and started again at every change of its sources, and the pages by
// Vite's own server, which replaces changed modules in the open page. Source maps lead back to the TypeScript.
import { parseArgs } from 'node:util'
import { complain } from './setup/say.mjs'
import { setUp } from './setup/set-up.mjs'
import { startPackages } from './setup/system-packages.mjs'

const args = process.argv.slice(2)
const pagesPort = Number(process.env.PAGES_PORT ?? 5173)
const { values } = parseArgs({ args, options: { port: { type: 'string' } }, strict: false })
const serverUrl = `http://127.0.0.1:${values.port ?? process.env.HTTP_PORT ?? 8080}`

try {
  await setUp({ systemPackages: startPackages(args) })
} catch (error) {
  complain(error)
  process.exit(1)
}
const { watchServer } = await import('./setup/watch-server.mjs')
const { servePages } = await import('./setup/serve-pages.mjs')

const closeServer = await watchServer(args)
const closePages = await servePages({ port: pagesPort, serverUrl })
console.log(
  `dev: pages with hot reload at http://localhost:${pagesPort}/studio, the server itself at ${serverUrl}`,
)

let isEnding = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, async () => {
    if (isEnding) return
    isEnding = true
    await Promise.all([closePages(), closeServer()])
    process.exit(0)
  })
}
