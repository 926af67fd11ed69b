/** The origin: ingest, programs, packager, rooms, API and signalling, put together. */
import { hostname } from 'node:os'
import type { Middleware } from 'koa'
import { ROOT_SOCKET_PATH } from '../cascade/root-messages.ts'
import type { Config } from '../runtime/config.ts'
import { HeadwaterError } from '../runtime/errors.ts'
import { refuseUpgrade } from '../runtime/http/server.ts'
import type { HttpServer } from '../runtime/http/server.ts'
import { sendError } from '../runtime/http/respond.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Secrets } from '../runtime/secrets.ts'
import type { Store } from '../runtime/store/store.ts'
import { CascadeHost } from './cascade/host.ts'
import { RootServer } from './cascade/root-server.ts'
import { createApi } from './http/api.ts'
import { EdgeDirectory } from './edges/edge-directory.ts'
import { ViewerTokens } from '../runtime/viewer-token.ts'
import { viewerTokenRoutes } from './http/viewer-tokens-api.ts'
import { edgesRoutes } from './http/edges-api.ts'
import { cascadeRoutes } from './http/cascade-api.ts'
import { InternalHandler } from './http/internal.ts'
import { MediaHandler } from './http/media.ts'
import { ApiGuard } from './http/api-guard.ts'
import { RecordingAccess } from './http/recording-access.ts'
import { RecordingDownloads } from './http/recording-download.ts'
import { createRecordingsApi } from './http/recordings-api.ts'
import { Journals } from './journal/journals.ts'
import { openOriginId } from './lease/origin-id.ts'
import { OriginLease } from './lease/origin-lease.ts'
import { slateRoutes } from './http/slate-api.ts'
import { RtmpListener, type RtmpListenerOptions } from './ingest/rtmp-listener.ts'
import { EncodingJobs } from './program/encoding-jobs.ts'
import { LivePrograms } from './program/live-programs.ts'
import type { RestoredProgram } from './program/restored-program.ts'
import { RecordingLinks } from './recording/links.ts'
import { Recordings } from './recording/recordings.ts'
import { Access } from './room/access.ts'
import { RoomRegistry } from './room/registry.ts'
import { Slates } from './slate/slates.ts'
import { Signalling, SIGNALLING_PATH } from './signalling/server.ts'

export interface OriginOptions {
  config: Config
  secrets: Secrets
  store: Store
  logger: Logger
  metrics: Metrics
  /** Called, with `store_in_use`, when another origin has taken the store over: this one has to end. */
  onLost?: (error: HeadwaterError) => void
}

export class Origin {
  readonly name = 'origin'
  readonly rtmp: RtmpListener
  /** Null without a certificate. */
  readonly rtmps: RtmpListener | null
  readonly rooms: RoomRegistry
  readonly slates: Slates
  readonly programs: LivePrograms
  readonly recordings: Recordings
  readonly #options: OriginOptions
  readonly #jobs: EncodingJobs
  readonly #access: Access
  readonly #signalling: Signalling
  readonly #cascade: CascadeHost
  readonly #roots: RootServer
  readonly #recordingLinks: RecordingLinks
  readonly #guard: ApiGuard
  readonly #recordingAccess: RecordingAccess
  readonly #journals: Journals
  readonly #edges: EdgeDirectory
  readonly #viewerTokens: ViewerTokens
  #lease: OriginLease | null = null
  #isStarted = false

  constructor(options: OriginOptions) {
    const { config, secrets, store, logger, metrics } = options
    this.#options = options
    this.rooms = new RoomRegistry({ dataDir: config.dataDir, logger, maxRooms: config.rooms.max })
    this.slates = new Slates({ dataDir: config.dataDir, rooms: this.rooms, logger })
    this.#jobs = new EncodingJobs({ store, logger, metrics, isOrigin: () => this.#lease?.isHeld ?? false })
    this.#edges = new EdgeDirectory(store)
    this.#viewerTokens = new ViewerTokens(secrets.clusterSecret)
    this.programs = new LivePrograms({
      rooms: this.rooms,
      jobs: this.#jobs,
      slates: this.slates,
      metrics,
      config,
      logger,
    })
    this.#journals = new Journals({ dataDir: config.dataDir, logger })
    this.programs.onChange((roomId) => {
      const program = this.programs.program(roomId)
      if (program) this.#journals.follow(program)
    })
    this.#access = new Access({ adminToken: secrets.adminToken, rooms: this.rooms })
    const authorise: RtmpListenerOptions['authorise'] = (request, session) =>
      this.programs.authorise(request, session)
    this.rtmp = new RtmpListener({ ...config.rtmp, logger, authorise })
    this.rtmps = this.#createRtmps(authorise)
    const { publicUrl, http } = config
    const { trustProxy } = http
    const shared = { live: this.programs, access: this.#access, publicUrl, trustProxy }
    this.#cascade = this.#createCascade()
    this.#roots = new RootServer({ host: this.#cascade, clusterSecret: secrets.clusterSecret, logger })
    const audience = { rooms: this.rooms, cascade: this.#cascade }
    const viewerTokens = this.#viewerTokens
    this.#signalling = new Signalling({ ...shared, ...audience, viewerTokens, logger, metrics })
    this.recordings = new Recordings({
      dataDir: config.dataDir,
      config: config.recording,
      rooms: this.rooms,
      live: this.programs,
      isWanted: (roomId) => this.rooms.find(roomId)?.settings.record ?? config.recording.enabled,
      logger,
      metrics,
    })
    const links = new RecordingLinks(secrets.clusterSecret)
    this.#recordingLinks = links
    const isPublic = config.recording.public
    this.#guard = new ApiGuard({ access: this.#access, trustProxy, viewerTokens: this.#viewerTokens })
    this.#recordingAccess = new RecordingAccess({
      ...{ guard: this.#guard, links },
      isPublic: (roomId) => isPublic && this.rooms.find(roomId)?.settings.isPrivate !== true,
    })
  }

  /** Null without a certificate. */
  #createRtmps(authorise: RtmpListenerOptions['authorise']): RtmpListener | null {
    const { config, logger } = this.#options
    const { port, certFile, keyFile } = config.rtmps
    if (certFile === null || keyFile === null) return null
    const certificate = { certFile, keyFile }
    return new RtmpListener({ ...config.rtmp, trustProxy: false, port, logger, authorise, certificate })
  }

  /** What edges and transcoders ask, on the internal listener. */
  mountInternal(server: HttpServer): void {
    const { secrets, logger } = this.#options
    const { clusterSecret } = secrets
    const internal = new InternalHandler({
      jobs: this.#jobs,
      programs: this.programs,
      clusterSecret,
      logger,
    })
    const media = new MediaHandler({ programs: this.programs, rooms: this.rooms, logger })
    server.mount((req, res, url) => internal.guard(req, res, url))
    // Before it knows what was there before a restart, nothing it says of a program would be true.
    server.mount((_, res) => {
      if (this.#isStarted) return false
      res.setHeader('Retry-After', '1')
      sendError(res, new HeadwaterError('not_ready', 'the origin is starting'))
      return true
    })
    server.mount((req, res, url) => internal.handle(req, res, url))
    server.mount((req, res, url) => media.handle(req, res, url))
    server.mountUpgrade(ROOT_SOCKET_PATH, (req, socket, head) => {
      if (this.#isStarted) this.#roots.upgrade(req, socket, head)
      else refuseUpgrade(socket, 503)
    })
  }

  /** Where viewers may be sent for media, as the store has it. */
  mediaOrigins(): string[] {
    return this.#edges.origins
  }

  /** The signalling and the recordings on the public listener. */
  mountPublic(server: HttpServer): void {
    const { logger } = this.#options
    const downloads = new RecordingDownloads({
      recordings: this.recordings,
      access: this.#recordingAccess,
      logger,
    })
    server.mount((req, res, url) => downloads.handle(req, res, url))
    server.mountUpgrade(SIGNALLING_PATH, (...handshake) => this.#signalling.upgrade(...handshake))
  }

  /** The API, for the public listener's app. */
  api(): Middleware {
    return createApi({
      registry: this.rooms,
      live: this.programs,
      guard: this.#guard,
      viewers: (roomId) => this.#signalling.viewers(roomId),
      publicUrl: this.#options.config.publicUrl,
      rtmpPort: () => this.rtmp.port,
      routes: [
        slateRoutes({ slates: this.slates, registry: this.rooms, ...this.#options.config.slate }),
        cascadeRoutes({ host: this.#cascade, registry: this.rooms }),
        viewerTokenRoutes({
          ...{ tokens: this.#viewerTokens, registry: this.rooms },
          publicUrl: this.#options.config.publicUrl,
          trustProxy: this.#options.config.http.trustProxy,
        }),
        edgesRoutes({
          ...{ directory: this.#edges, registry: this.rooms },
          regionHeader: this.#options.config.http.regionHeader,
        }),
      ],
    })
  }

  recordingsApi(): Middleware {
    return createRecordingsApi({
      recordings: this.recordings,
      rooms: this.rooms,
      access: this.#recordingAccess,
      links: this.#recordingLinks,
      publicUrl: this.#options.config.publicUrl,
    })
  }

  #createCascade(): CascadeHost {
    const { config, logger, metrics } = this.#options
    return new CascadeHost({
      ...config.cascade,
      rooms: this.rooms,
      live: this.programs,
      viewers: (roomId) => this.#signalling.viewers(roomId),
      logger,
      metrics,
    })
  }

  /** Throws `store_in_use` while another origin has the store. */
  async start(): Promise<void> {
    await this.#takeStore()
    this.#edges.start()
    await this.rooms.start()
    await this.slates.start()
    await this.#restore()
    await this.recordings.start()
    this.#isStarted = true
    this.#jobs.startAnnouncing()
    this.#cascade.start()
    this.#roots.start()
    await this.#signalling.start()
    await this.rtmp.start()
    await this.rtmps?.start()
  }

  async close(): Promise<void> {
    this.#jobs.stopAnnouncing()
    await Promise.all([this.rtmp.close(), this.rtmps?.close()])
    // What is published is written before the programs let go of it.
    await Promise.all([this.#journals.close(), this.recordings.close()])
    await this.programs.close()
    await this.#signalling.close()
    this.#roots.close()
    this.#edges.close()
    this.#cascade.close()
    await this.slates.close()
    await this.rooms.close()
    await this.#lease?.close()
  }

  async #takeStore(): Promise<void> {
    const { config, store, logger, onLost = () => {} } = this.#options
    const id = await openOriginId(config.dataDir)
    const name = `${hostname()} (process ${process.pid})`
    this.#lease = new OriginLease({ store, id, name, onLost, logger })
    await this.#lease.start()
  }

  /** Before anybody can publish: a publisher that comes first would begin another program. */
  async #restore(): Promise<void> {
    const { logger } = this.#options
    for (const restored of await this.#journals.read()) {
      const { id, roomId, nextPart } = restored
      const facts = { room: roomId, program: id, nextPart }
      if (this.#goOn(restored)) logger.info(facts, 'program goes on after a restart')
      else {
        logger.info(facts, 'program of before the restart is over')
        await this.#journals.remove(id)
      }
    }
  }

  #goOn(restored: RestoredProgram): boolean {
    try {
      return this.programs.restore(restored)
    } catch (error) {
      const { id, roomId } = restored
      const facts = { code: 'journal_unreadable', room: roomId, program: id, err: error }
      this.#options.logger.warn(facts, 'a program from before the restart is lost')
      return false
    }
  }
}
