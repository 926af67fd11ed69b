// `npm run play [-- ROOM]`: opens a watch page in the default browser, or prints its address where there is none.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  options: { url: { type: 'string' }, print: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const base = values.url ?? process.env.PUBLIC_URL ?? `http://localhost:${process.env.HTTP_PORT ?? 8080}`
const room = positionals[0]
const address = new URL(room ? `/watch/${encodeURIComponent(room)}` : '/studio', base).href

console.log(address)
if (!values.print) openInBrowser(address)

function openInBrowser(url) {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return
  const command = { darwin: 'open', win32: 'explorer' }[process.platform] ?? 'xdg-open'
  const child = spawn(command, [url], { stdio: 'ignore', detached: true })
  // The address is printed: whoever has no opener can still use it.
  child.on('error', () => {})
  child.unref()
}
