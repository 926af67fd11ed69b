/** Viewers of one program, spread over all edges, and what they saw together. */
import { PARTS_PER_SEGMENT } from '../../../media/part.ts'
import { parseMediaPlaylist } from '../../../media/playlist/parse.ts'
import { PartLedger, type PartFaults } from './part-ledger.ts'
import { HlsViewer } from './hls-viewer.ts'
import { namedEdges, type ShieldedCluster } from '../shielded-cluster.ts'
import { eventually } from '../eventually.ts'
import { parseMultivariant } from '../../../media/playlist/parse-multivariant.ts'

export interface AudienceFigures extends PartFaults {
  viewers: number
  /** Of the one who stalled longest, and of all. */
  stallMs: number
  stallTotalMs: number
  stalledViewers: number
  missing: number
  parts: number
  switches: number
  leastReserveMs: number
  /** Longest time that a viewer got no new part of the picture. */
  longestGapMs: number
  /** From the mark until the last viewer who had waited for a part for more than a second had it. */
  recoveredAfterMs: number
  remarks: string[]
}

/** What continuity viewers hold, and a second. */
const ENOUGH_PARTS = 40
const LIMIT_MS = 90_000

export class Audience {
  readonly viewers: HlsViewer[]
  readonly ledger: PartLedger
  #markedAtMs = performance.now()

  private constructor(viewers: HlsViewer[], ledger: PartLedger) {
    this.viewers = viewers
    this.ledger = ledger
  }

  /** Resolves when all of them play. */
  static async gather(
    cluster: ShieldedCluster,
    { room, program, count }: { room: string; program: string; count: number },
  ): Promise<Audience> {
    const apiUrl = cluster.origin.url
    const tracks = await tracksOf(apiUrl, room)
    const picture = `${apiUrl}/live/${room}/${program}/${tracks[0]}/index.m3u8`
    await eventually(async () => (await partsIn(picture)) >= ENOUGH_PARTS, LIMIT_MS)
    const ledger = new PartLedger()
    const known = await namedEdges(apiUrl, room)
    const viewers = Array.from({ length: count }, (_, index) => {
      const first = cluster.edges[index % cluster.edges.length]?.url ?? ''
      return new HlsViewer({ room, program, tracks, apiUrl, first, known, ledger })
    })
    await Promise.all(viewers.map((each) => each.start()))
    return new Audience(viewers, ledger)
  }

  /** Begins to count anew: at the beginning of an outage. */
  mark(): void {
    this.#markedAtMs = performance.now()
    for (const each of this.viewers) each.mark()
  }

  figures(): AudienceFigures {
    const all = this.viewers.map((each) => each.figures())
    const sum = (pick: (of: (typeof all)[number]) => number): number =>
      Math.round(all.reduce((total, each) => total + pick(each), 0))
    const most = (pick: (of: (typeof all)[number]) => number): number =>
      Math.round(Math.max(0, ...all.map(pick)))
    return {
      viewers: all.length,
      stallMs: most(({ stallMs }) => stallMs),
      stallTotalMs: sum(({ stallMs }) => stallMs),
      stalledViewers: all.filter(({ stallMs }) => stallMs > 0).length,
      missing: sum(({ missing }) => missing),
      parts: sum(({ parts }) => parts),
      switches: sum(({ switches }) => switches),
      leastReserveMs: Math.round(Math.min(...all.map(({ leastReserveMs }) => leastReserveMs))),
      longestGapMs: most(({ longestGapMs }) => longestGapMs),
      recoveredAfterMs: most(({ lateUntilMs }) => (lateUntilMs ?? this.#markedAtMs) - this.#markedAtMs),
      ...this.ledger.faults,
      remarks: this.ledger.remarks,
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.viewers.map((each) => each.close()))
  }
}

/** The picture first, then the sound: the names of their folders. */
export async function tracksOf(url: string, room: string): Promise<string[]> {
  const answer = await fetch(`${url}/live/${room}/master.m3u8`)
  const { variants, renditions } = parseMultivariant(await answer.text())
  const addresses = [variants[0]?.uri, renditions[0]?.uri].filter((each) => typeof each === 'string')
  return addresses.map((address) => address.split('/').at(-2) ?? '')
}

/** How many parts there are without a gap, up to the newest. A program begins with a gap of ten seconds. */
export async function partsIn(address: string): Promise<number> {
  const answer = await fetch(address)
  if (!answer.ok) return 0
  const { segments } = parseMediaPlaylist(await answer.text())
  const whole = segments.slice(segments.findLastIndex(({ gap }) => gap) + 1)
  return whole.reduce((sum, { uri, parts }) => sum + (uri === null ? parts.length : PARTS_PER_SEGMENT), 0)
}
