/** Who comes, for how long, and how they go. */
import { drawProfile, type Profile } from '../viewer/profile.ts'
import type { Viewer } from '../viewer/viewer.ts'
import type { World } from './world.ts'

export interface ChurnOptions {
  /** Viewers there should be on average. */
  viewers: number
  /** Share of them that goes each minute, and is replaced. */
  perMinute: number
  profile?: (world: World) => Profile
}

type Leave = 'clean' | 'vanish' | 'freeze' | 'slow'

const LEAVES: readonly { share: number; how: Leave }[] = [
  { share: 0.6, how: 'clean' },
  { share: 0.25, how: 'vanish' },
  { share: 0.1, how: 'freeze' },
  { share: 0.05, how: 'slow' },
]
const SIGMA = 1
/** A frozen page comes back half of the times. */
const THAW_SHARE = 0.5
const FREEZE_MS = [3000, 20_000] as const
const SLOW_FACTOR = 0.1
const SLOW_MS = 30_000

export class Churn {
  readonly leaves: Record<Leave, number> = { clean: 0, vanish: 0, freeze: 0, slow: 0 }
  readonly #world: World
  readonly #options: ChurnOptions
  readonly #random: World['random']

  constructor(world: World, options: ChurnOptions) {
    this.#world = world
    this.#options = options
    this.#random = world.random.fork()
  }

  /** All of them within `ms`: a flash crowd; then as many come as go. */
  start(ms: number): void {
    for (let index = 0; index < this.#options.viewers; index += 1)
      this.#world.clock.after(this.#random.between(0, ms), () => this.#arrive())
    if (this.#options.perMinute > 0) this.#world.clock.after(ms, () => this.#next())
  }

  /** Arrivals as a Poisson process. */
  #next(): void {
    const { viewers, perMinute } = this.#options
    this.#world.clock.after(this.#random.exponential(60_000 / (viewers * perMinute)), () => {
      this.#arrive()
      this.#next()
    })
  }

  #arrive(): void {
    const { profile = (world: World) => drawProfile(world.random), perMinute } = this.#options
    const viewer = this.#world.addViewer(profile(this.#world))
    if (perMinute <= 0) return
    // Lognormal, with the mean that keeps the room as full as it is.
    const meanMs = 60_000 / perMinute
    const sessionMs = this.#random.lognormal(meanMs / Math.exp(SIGMA ** 2 / 2), SIGMA)
    this.#world.clock.after(sessionMs, () => this.#depart(viewer))
  }

  #depart(viewer: Viewer): void {
    if (!this.#world.viewers.has(viewer.id)) return
    let draw = this.#random.next()
    const how = LEAVES.find(({ share }) => (draw -= share) < 0)?.how ?? 'clean'
    this.leaves[how] += 1
    if (how === 'clean') viewer.leave()
    else if (how === 'vanish') this.#world.kill(viewer.id)
    else if (how === 'freeze') this.#freeze(viewer)
    else this.#slowDown(viewer)
  }

  #freeze(viewer: Viewer): void {
    viewer.freeze()
    const freezeMs = this.#random.between(...FREEZE_MS)
    const isBack = this.#random.isTrue(THAW_SHARE)
    this.#world.clock.after(freezeMs, () => (isBack ? viewer.thaw() : this.#world.kill(viewer.id)))
  }

  /** Its uplink all but goes; a while later the viewer does. */
  #slowDown(viewer: Viewer): void {
    viewer.node.uplink.rateKbps = viewer.profile.uplinkKbps * SLOW_FACTOR
    this.#world.clock.after(SLOW_MS, () => viewer.leave())
  }
}
