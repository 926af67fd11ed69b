/** An origin and a transcoder in this process, on free ports, with a data directory of their own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Origin } from '../../origin/origin.ts'
import type { Program } from '../../origin/program/program.ts'
import type { CreatedRoom } from '../../origin/room/registry.ts'
import { runningNumber } from '../../media/part.ts'
import type { Track } from '../../media/track.ts'
import { loadConfig, type Config } from '../../runtime/config.ts'
import { HttpServer } from '../../runtime/http/server.ts'
import { Metrics } from '../../runtime/metrics.ts'
import { loadSecrets } from '../../runtime/secrets.ts'
import { MemoryStore } from '../../runtime/store/memory.ts'
import { Transcoder } from '../../transcoder/transcoder.ts'
import { captureLog, type CapturedLog } from './log-lines.ts'

export interface RunningOrigin {
  origin: Origin
  transcoder: Transcoder
  log: CapturedLog
  createRoom(): Promise<CreatedRoom>
  /** Where a publisher with this key sends to. */
  publishUrl(streamKey: string): string
  /** Asks for media as an edge does, by its path behind `/internal/media`. */
  ask(path: string): Promise<Response>
  close(): Promise<void>
}

export async function startOrigin(changes: Partial<Config> = {}): Promise<RunningOrigin> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'headwater-'))
  const ports = { HTTP_PORT: '0', RTMP_PORT: '0', INTERNAL_PORT: '0', RTMP_HOST: '127.0.0.1' }
  const config = { ...loadConfig({ env: { DATA_DIR: dataDir, ...ports } }), ...changes }
  const secrets = await loadSecrets(config)
  const { clusterSecret } = secrets
  const log = captureLog()
  const { logger } = log
  const store = new MemoryStore()
  const metrics = new Metrics()
  const internal = new HttpServer({ name: 'internal', logger, ...config.internal, requestTimeoutMs: 0 })
  const origin = new Origin({ config, secrets, store, logger, metrics })
  origin.mountInternal(internal)
  await internal.start()
  const originUrl = `http://127.0.0.1:${internal.port}`
  const transcoder = new Transcoder({ store, config, originUrl, clusterSecret, logger, metrics })
  await origin.start()
  await transcoder.start()
  return {
    origin,
    transcoder,
    log,
    createRoom: () => origin.rooms.create({ title: 'test' }),
    publishUrl: (streamKey) => `rtmp://127.0.0.1:${origin.rtmp.port}/live/${streamKey}`,
    ask: (path) =>
      fetch(`${originUrl}/internal/media${path}`, { headers: { authorization: `Bearer ${clusterSecret}` } }),
    async close() {
      await transcoder.close()
      await origin.close()
      await internal.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** What a player would stumble over in a track: gaps in numbers, and parts that do not begin where the one before ends. */
export function findBreaks(track: Track): string[] {
  const headers = track
    .segments()
    .flatMap(({ msn }) => track.findSegment(msn)?.parts.map(({ header }) => header) ?? [])
  return headers.slice(1).flatMap((header, index) => {
    const before = headers[index]
    if (!before) return []
    const k = runningNumber(header)
    const isNext = k === runningNumber(before) + 1
    const isContiguous = header.mediaTime === before.mediaTime + before.duration
    return isNext && isContiguous
      ? []
      : [`${track.name} ${k}: starts at ${header.mediaTime}, due ${before.mediaTime + before.duration}`]
  })
}

export function breaksOf(program: Program): string[] {
  return program.packager.tracks().flatMap(({ track }) => findBreaks(track))
}
