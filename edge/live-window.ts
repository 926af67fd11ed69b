/** Which objects are the last seconds of a track that goes on: by their numbers, so that asking for old ones changes nothing. */

/** Whole segments of 2 s behind the one that is being made: ten seconds. */
export const LIVE_SEGMENTS = 5
/** A track that has brought nothing for so long has ended; an origin may be away for half of it. */
export const ENDED_AFTER_MS = 60_000

const OBJECT = /^(?<track>\/live\/[^/]+\/[^/]+\/[^/]+)\/(?:init-\d+\.mp4|(?<msn>\d+)(?:\.\d)?\.m4s)$/

interface LiveTrack {
  newestMsn: number
  advancedAtMs: number
  /** Objects by address, in the order they came; those without a number (init segments) stay as long as the track. */
  objects: Map<string, number | null>
}

export class LiveWindow {
  /** The track that advanced longest ago is first. */
  readonly #tracks = new Map<string, LiveTrack>()

  /** Takes in an object if it is live; tells that, and the addresses of those that no longer are. */
  place(address: string, nowMs: number): { isLive: boolean; left: string[] } {
    const left = this.#dropEnded(nowMs)
    const groups = OBJECT.exec(address)?.groups
    if (groups === undefined) return { isLive: false, left }
    const { track: name = '', msn: digits } = groups
    const msn = digits === undefined ? null : Number(digits)
    const track = this.#tracks.get(name) ?? { newestMsn: -1, advancedAtMs: nowMs, objects: new Map() }
    if (msn !== null && msn < track.newestMsn - LIVE_SEGMENTS) return { isLive: false, left }
    track.objects.set(address, msn)
    if (msn === null || msn <= track.newestMsn) {
      if (!this.#tracks.has(name)) this.#tracks.set(name, track)
      return { isLive: true, left }
    }
    Object.assign(track, { newestMsn: msn, advancedAtMs: nowMs })
    this.#tracks.delete(name)
    this.#tracks.set(name, track)
    return { isLive: true, left: [...left, ...dropBehind(track)] }
  }

  /** Gives up the oldest object of the track that advanced longest ago; null when there is none. */
  dropOldest(): string | null {
    for (const [name, { objects }] of this.#tracks) {
      for (const address of objects.keys()) {
        objects.delete(address)
        return address
      }
      this.#tracks.delete(name)
    }
    return null
  }

  clear(): void {
    this.#tracks.clear()
  }

  #dropEnded(nowMs: number): string[] {
    const left: string[] = []
    for (const [name, { advancedAtMs, objects }] of this.#tracks) {
      if (nowMs - advancedAtMs < ENDED_AFTER_MS) break
      left.push(...objects.keys())
      this.#tracks.delete(name)
    }
    return left
  }
}

function dropBehind({ newestMsn, objects }: LiveTrack): string[] {
  const left: string[] = []
  for (const [address, msn] of objects)
    if (msn !== null && msn < newestMsn - LIVE_SEGMENTS) left.push(address)
  for (const address of left) objects.delete(address)
  return left
}
