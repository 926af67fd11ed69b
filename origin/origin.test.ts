import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { loadConfig } from '../runtime/config.ts'
import { HttpServer } from '../runtime/http/server.ts'
import { Metrics } from '../runtime/metrics.ts'
import { loadSecrets } from '../runtime/secrets.ts'
import { MemoryStore } from '../runtime/store/memory.ts'
import { captureLog } from '../tests/support/log-lines.ts'
import { Origin } from './origin.ts'

const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

it('says that it is starting, and nothing of any program, until it knows what was there before', async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'headwater-'))
  closing.push(() => rm(dataDir, { recursive: true, force: true }))
  const ports = { HTTP_PORT: '0', RTMP_PORT: '0', INTERNAL_PORT: '0', RTMP_HOST: '127.0.0.1' }
  const config = loadConfig({ env: { DATA_DIR: dataDir, ...ports } })
  const secrets = await loadSecrets(config)
  const { logger } = captureLog()
  const origin = new Origin({ config, secrets, store: new MemoryStore(), logger, metrics: new Metrics() })
  const internal = new HttpServer({ name: 'internal', logger, host: '127.0.0.1', port: 0 })
  origin.mountInternal(internal)
  await internal.start()
  closing.push(() => internal.close())
  const ask = (secret: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${internal.port}/internal/media/live/room-1/master.m3u8`, {
      headers: { authorization: `Bearer ${secret}` },
    })
  const early = await ask(secrets.clusterSecret)
  expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1'])
  expect((await ask('wrong')).status).toBe(401)
  await origin.start()
  closing.push(() => origin.close())
  expect((await ask(secrets.clusterSecret)).status).toBe(404)
})
