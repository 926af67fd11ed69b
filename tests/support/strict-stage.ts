/** A server with one room, whose publishers come and go while a strict client reads all that comes of them. */
import type { TestContext } from 'vitest'
import { eventually } from './eventually.ts'
import { HeadwaterProcess, type MadeRoom } from './headwater-process.ts'
import { findBeepsIn, findFlashesIn, pairUp } from './lip-sync.ts'
import { publishFlashes, type Publisher, type PublisherOptions } from './publisher.ts'
import { bytesOf, misalignments, watchTrack, type WatchedTrack } from './shape-watch.ts'

const SOON_MS = 60_000
const SMALL = '320x180'

export interface RoomState {
  state: string
  slate: boolean
  /** Which kind of source is on air. */
  feeding: string | null
}

export interface StrictlySeen {
  /** Of the protocol, and of video and audio against each other. */
  violations: string[]
  /** How far lips are off in ms, at each flash. */
  lips: number[]
  longestWaitMs: number
}

export class StrictStage {
  readonly server: HeadwaterProcess
  readonly room: MadeRoom
  readonly #test: Pick<TestContext, 'onTestFinished'>

  private constructor(server: HeadwaterProcess, room: MadeRoom, test: Pick<TestContext, 'onTestFinished'>) {
    this.server = server
    this.room = room
    this.#test = test
  }

  /** Is there until the test is over. */
  static async start(test: Pick<TestContext, 'onTestFinished'>): Promise<StrictStage> {
    const server = await HeadwaterProcess.start()
    test.onTestFinished(() => server.close())
    return new StrictStage(server, await server.createRoom(), test)
  }

  publish(key = this.room.key, options: Partial<PublisherOptions> = {}): Publisher {
    const publisher = publishFlashes({ url: this.server.publishUrl({ key }), size: SMALL, ...options })
    this.#test.onTestFinished(() => publisher.close())
    return publisher
  }

  /** Resolves with the program's id once viewers can play. */
  live(): Promise<string> {
    return this.server.live(this.room.id)
  }

  async look(): Promise<RoomState> {
    const { state, slate, sources } = (await this.server.room(this.room.id)) as unknown as {
      state: string
      slate: boolean
      sources: { kind: string; active: boolean }[]
    }
    return { state, slate, feeding: sources.find(({ active }) => active)?.kind ?? null }
  }

  async until(wanted: Partial<RoomState>): Promise<void> {
    let seen: RoomState | null = null
    await eventually(async () => {
      seen = await this.look()
      return Object.entries(wanted).every(([name, value]) => seen?.[name as keyof RoomState] === value)
    }, SOON_MS).catch(() => {
      const what = `${JSON.stringify(wanted)} did not come, ${JSON.stringify(seen)} is`
      throw new Error(`${what}:\n${this.server.output}`)
    })
  }

  /** Watches video and audio while something happens. */
  async watching(program: string, happens: () => Promise<void>): Promise<StrictlySeen> {
    const base = `${this.server.url}/live/${this.room.id}/${program}`
    const isOver = new AbortController()
    const tracks = Promise.all(['180p', 'audio'].map((name) => watchTrack(base, name, isOver.signal)))
    await happens().finally(() => isOver.abort())
    const [video, audio] = await tracks
    if (!video || !audio) throw new Error('no tracks')
    return {
      violations: [...video.violations, ...audio.violations, ...misalignments([video])],
      lips: await lipSyncOf(video, audio),
      longestWaitMs: Math.max(video.longestWaitMs, audio.longestWaitMs),
    }
  }
}

/** Of the flashes that are whole: a change of publisher may cut one in two. */
async function lipSyncOf(video: WatchedTrack, audio: WatchedTrack): Promise<number[]> {
  const [flashes, beeps] = await Promise.all([findFlashesIn(bytesOf(video)), findBeepsIn(bytesOf(audio))])
  const whole = flashes.filter((at, index) => index === 0 || at - (flashes[index - 1] ?? 0) > 0.9)
  return pairUp(whole, beeps).map(({ offsetMs }) => Math.round(offsetMs))
}
