/** Recordings of a scripted program with their API on a listener of their own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ViewerTokens } from '../../runtime/viewer-token.ts'
import { ApiGuard } from '../../origin/http/api-guard.ts'
import { RecordingAccess } from '../../origin/http/recording-access.ts'
import { RecordingDownloads } from '../../origin/http/recording-download.ts'
import { createRecordingsApi } from '../../origin/http/recordings-api.ts'
import { RecordingLinks } from '../../origin/recording/links.ts'
import { Recordings, type RecordingsOptions } from '../../origin/recording/recordings.ts'
import { Access } from '../../origin/room/access.ts'
import { RoomRegistry, type CreatedRoom } from '../../origin/room/registry.ts'
import { loadConfig } from '../../runtime/config.ts'
import { createApp } from '../../runtime/http/app.ts'
import { HttpServer } from '../../runtime/http/server.ts'
import { Metrics } from '../../runtime/metrics.ts'
import { captureLog, type CapturedLog } from './log-lines.ts'
import type { ScriptedProgram } from './recorded-program.ts'

export const ADMIN = 'an-admin-token-for-tests'

/** One program at most, which listeners are told of. */
class ScriptedLive {
  running: ScriptedProgram | null = null
  readonly #listeners = new Set<(roomId: string) => void>()

  program(roomId: string): ScriptedProgram | undefined {
    return this.running?.roomId === roomId ? this.running : undefined
  }

  programs(): ScriptedProgram[] {
    return this.running ? [this.running] : []
  }

  onChange(listener: (roomId: string) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Goes on air. */
  begin(program: ScriptedProgram): void {
    this.running = program
    for (const listener of this.#listeners) listener(program.roomId)
  }
}

export interface RunningRecordings {
  dataDir: string
  room: CreatedRoom
  live: ScriptedLive
  rooms: RoomRegistry
  recordings: Recordings
  log: CapturedLog
  url: string
  port: number
  /** Stops as an origin that is ended does, and leaves the files. */
  stop(): Promise<void>
  close(): Promise<void>
}

export interface RecordingsShape {
  dataDir?: string
  isPublic?: boolean
  maxDownloads?: number
  room?: CreatedRoom
  program?: ScriptedProgram
  options?: Partial<RecordingsOptions>
}

export async function startRecordings(shape: RecordingsShape = {}): Promise<RunningRecordings> {
  const dataDir = shape.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'headwater-')))
  const log = captureLog()
  const { logger } = log
  const rooms = new RoomRegistry({ dataDir, logger })
  await rooms.start()
  const room = shape.room ?? (await rooms.create({ title: 'A show' }))
  const live = new ScriptedLive()
  live.running = shape.program ?? null
  const config = { ...loadConfig({ env: {} }).recording, minFreeBytes: 0 }
  const metrics = new Metrics()
  const isWanted = (): boolean => true
  const recordings = new Recordings({
    dataDir,
    config,
    rooms,
    live,
    isWanted,
    logger,
    metrics,
    ...shape.options,
  })
  const links = new RecordingLinks('cluster secret')
  const keys = new Access({ adminToken: ADMIN, rooms })
  const guard = new ApiGuard({ viewerTokens: new ViewerTokens('secret-of-the-tests'), access: keys })
  const access = new RecordingAccess({ guard, links, isPublic: () => shape.isPublic ?? false })
  const { maxDownloads } = shape
  const downloads = new RecordingDownloads({
    recordings,
    access,
    logger,
    ...(maxDownloads === undefined ? {} : { maxDownloads }),
  })
  const server = new HttpServer({ name: 'test', logger, host: '127.0.0.1', port: 0 })
  server.mount((req, res, url) => downloads.handle(req, res, url))
  const api = createRecordingsApi({ recordings, rooms, access, links, publicUrl: null })
  server.mountApp(createApp({ logger, middleware: [api] }))
  await server.start()
  await recordings.start()
  const stop = async (): Promise<void> => {
    await recordings.close()
    await server.close()
    await rooms.close()
  }
  const url = `http://127.0.0.1:${server.port}/api/v1/live/${room.room.id}/recordings`
  return {
    dataDir,
    room,
    live,
    rooms,
    recordings,
    log,
    url,
    port: server.port,
    stop,
    async close() {
      await stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
