/** A room that is live with a small picture, and viewers of it in real browsers who carry the stream to each other. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Browser } from 'playwright-core'
import { launchChromium } from '../chromium.ts'
import { publishClock } from '../clock-picture.ts'
import { HeadwaterProcess, type MadeRoom } from '../headwater-process.ts'
import type { PathQuality } from './long-cable.ts'
import { Bridge, BRIDGE_ADDRESS, type Namespace } from './namespace.ts'
import { PartClock } from './part-clock.ts'
import { Viewer, type ViewerOptions } from './viewer.ts'

export interface StageOptions {
  /** of the picture, and of the only rendition unless there is another */
  height?: number
  otherHeight?: number
  bitrateKbps?: number
  /** viewers that may hang from the root itself */
  rootChildren?: number
  /** each viewer in a browser and a network of its own, so far from the others and the server; null: all in one browser */
  apart?: PathQuality | null
  /** ms since the room went live; continuity viewers begin 9 s back */
  warmUpMs?: number
}

export type StageViewer = Omit<ViewerOptions, 'url' | 'roomId'>

interface Place {
  browser: Browser
  namespace: Namespace | null
}

const WARM_UP_MS = 14_000
const FPS = 24

export class Stage {
  readonly server: HeadwaterProcess
  readonly room: MadeRoom
  /** of the picture's track */
  readonly clock: PartClock
  readonly rendition: string
  readonly viewers = new Map<string, Viewer>()
  readonly #publisher: { close: () => Promise<void> }
  readonly #folder: string
  readonly #bridge: Bridge | null
  readonly #places = new Map<string, Place>()

  private constructor(made: {
    server: HeadwaterProcess
    room: MadeRoom
    clock: PartClock
    rendition: string
    publisher: { close: () => Promise<void> }
    folder: string
    bridge: Bridge | null
  }) {
    this.server = made.server
    this.room = made.room
    this.clock = made.clock
    this.rendition = made.rendition
    this.#publisher = made.publisher
    this.#folder = made.folder
    this.#bridge = made.bridge
  }

  static async start(options: StageOptions = {}): Promise<Stage> {
    const { height = 180, bitrateKbps = 400, apart = null, warmUpMs = WARM_UP_MS } = options
    const folder = await mkdtemp(path.join(tmpdir(), 'headwater-stage-'))
    const config = path.join(folder, 'headwater.yaml')
    await writeFile(config, configOf(options))
    const bridge = apart ? new Bridge(apart) : null
    const server = await HeadwaterProcess.start({ env: { HEADWATER_CONFIG: config } })
    const room = await server.createRoom('Cascade')
    const width = Math.round((height * 16) / 9 / 2) * 2
    const publisher = publishClock({ url: server.publishUrl(room), width, height, fps: FPS, bitrateKbps })
    const program = await server.live(room.id)
    await new Promise((resolve) => setTimeout(resolve, warmUpMs))
    const rendition = `${height}p`
    const clock = new PartClock(`${server.url}/live/${room.id}/${program}/${rendition}`)
    return new Stage({ server, room, clock, rendition, publisher, folder, bridge })
  }

  /** In the place it had before, when it is opened again. */
  async open(options: StageViewer): Promise<Viewer> {
    const viewer = await Viewer.open(await this.browserOf(options.name), {
      ...options,
      url: this.asSeen(this.server.url),
      roomId: this.room.id,
    })
    this.viewers.set(options.name, viewer)
    return viewer
  }

  async close(viewer: Viewer): Promise<void> {
    this.viewers.delete(viewer.name)
    this.#places.get(viewer.name)?.namespace?.mend()
    await viewer.close()
  }

  /** In which the viewer of that name is, or will be. */
  async browserOf(name: string): Promise<Browser> {
    return (await this.#placeOf(name)).browser
  }

  /** An address of this machine as its viewers reach it. */
  asSeen(url: string): string {
    return this.#bridge ? url.replace('127.0.0.1', BRIDGE_ADDRESS) : url
  }

  /** Pulls its network's plug. */
  cut(viewer: Viewer): void {
    const namespace = this.#places.get(viewer.name)?.namespace
    if (!namespace) throw new Error('a viewer without a network of its own cannot be cut off')
    namespace.cut()
  }

  /** Whom the coordinator sees, and why. */
  async explain(): Promise<unknown> {
    return (await this.server.api('GET', `/api/v1/live/${this.room.id}/cascade`)).json()
  }

  async end(): Promise<void> {
    for (const viewer of [...this.viewers.values()]) await this.close(viewer)
    for (const browser of new Set([...this.#places.values()].map((place) => place.browser)))
      await browser.close()
    await this.clock.close()
    await this.#publisher.close()
    await this.server.close()
    await this.#bridge?.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #placeOf(name: string): Promise<Place> {
    const known = this.#places.get(name)
    if (known) return known
    const made = this.#bridge ? await this.#placeApart(this.#bridge) : await this.#sharedPlace()
    this.#places.set(name, made)
    return made
  }

  async #placeApart(bridge: Bridge): Promise<Place> {
    const namespace = await bridge.add()
    const browser = await launchChromium({
      throttles: true,
      hasPeers: true,
      wrap: (program) => namespace.wrap(program),
      // what else only HTTPS pages have: WebCrypto among it
      args: [`--unsafely-treat-insecure-origin-as-secure=${this.asSeen(this.server.url)}`],
    })
    return { browser, namespace }
  }

  async #sharedPlace(): Promise<Place> {
    const [other] = this.#places.values()
    return {
      browser: other?.browser ?? (await launchChromium({ throttles: true, hasPeers: true })),
      namespace: null,
    }
  }
}

function configOf({ height = 180, otherHeight, bitrateKbps = 400, rootChildren }: StageOptions): string {
  const ladder = {
    preset: 'ultrafast',
    cpuLimitPercent: 100,
    sourceHeight: false,
    renditions: [height, ...(otherHeight === undefined ? [] : [otherHeight])].map((each) => ({
      name: `${each}p`,
      height: each,
      bitrateKbps: Math.round((bitrateKbps * each) / height),
    })),
  }
  const cascade = rootChildren === undefined ? {} : { cascade: { root: { maxChildren: rootChildren } } }
  // YAML holds JSON
  return JSON.stringify({ ladder, ...cascade })
}
