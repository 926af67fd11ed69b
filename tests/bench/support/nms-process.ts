/** Process of `flv.ts`: node-media-server as it is shipped. */

import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answerParent } from './child.ts'

interface Nms {
  run(): void
}

// It has no types of its own, and prints what standard error is not for.
const NodeMediaServer = createRequire(import.meta.url)('node-media-server') as new (config: object) => Nms
const path = mkdtempSync(join(tmpdir(), 'headwater-nms-'))
const [rtmpPort, httpPort] = [await freePort(), await freePort()]
console.log = () => undefined

new NodeMediaServer({
  bind: '127.0.0.1',
  rtmp: { port: rtmpPort },
  http: { port: httpPort },
  webadmin: { enable: false },
  store: { path },
  record: { auto: false, path },
  auth: { play: false, publish: false },
  notify: { url: '' },
}).run()
answerParent({ rtmpPort, httpPort }, () => ({}))

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
