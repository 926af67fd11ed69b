/** What must hold of a swarm's graph whatever happens, read off the coordinator's view and what its peers allow. */
import { countStripes, STRIPES } from '../../cascade/frame/frame.ts'
import { capacityOf, MAX_DEPTH } from '../../cascade/coordinator/swarm-peer.ts'
import type { PeerView, SwarmView } from '../../cascade/coordinator/view.ts'
import type { Ability } from '../../cascade/messages.ts'

export interface SwarmCheck {
  view: SwarmView
  abilities: ReadonlyMap<string, Ability>
  bitrateKbps: number
}

const MAX_PARENTS = 3

interface Load {
  children: number
  pushed: number
  primaries: number
}

const NO_LOAD: Readonly<Load> = { children: 0, pushed: 0, primaries: 0 }

/** Every breach, in words; none where all is well. */
export function breachesOf({ view, abilities, bitrateKbps }: SwarmCheck): string[] {
  const peers = new Map(view.peers.map((peer) => [peer.id, peer]))
  const breaches: string[] = []
  const loads = loadsOf(view)
  for (const peer of view.peers) {
    const heightOf = longestPath(peer, peers, new Set())
    if (heightOf === null) breaches.push(`${peer.id} is above itself`)
    else if (heightOf > MAX_DEPTH) breaches.push(`${peer.id} is at ${heightOf}`)
    if (peer.depth > MAX_DEPTH) breaches.push(`${peer.id} has depth ${peer.depth}`)
    const ability = abilities.get(peer.id)
    if (ability === undefined) breaches.push(`${peer.id} is not known`)
    else breaches.push(...overloads(peer, loads.get(peer.id), capacityOf(ability, bitrateKbps)))
    if (peer.parents.length > MAX_PARENTS) breaches.push(`${peer.id} has ${peer.parents.length} parents`)
    breaches.push(...badMasks(peer))
  }
  return breaches
}

/** Those who are pushed less than the stream although their primary has upload left for it. */
export function underfed({ view, abilities, bitrateKbps }: SwarmCheck): string[] {
  const loads = loadsOf(view)
  return view.peers.flatMap(({ id, parents }) => {
    const [primary] = parents
    const ability = abilities.get(primary?.id ?? '')
    const count = parents.reduce((sum, { stripes }) => sum + countStripes(stripes), 0)
    if (primary === undefined || ability === undefined || count === 5) return []
    const { maxStripes } = capacityOf(ability, bitrateKbps)
    return (loads.get(primary.id)?.pushed ?? 0) < maxStripes ? [`${id} is pushed ${count} of 5 stripes`] : []
  })
}

/** Those without a primary although somebody has a place for it. */
export function leftOut({ view, abilities, bitrateKbps }: SwarmCheck): string[] {
  const peers = new Map(view.peers.map((peer) => [peer.id, peer]))
  const loads = loadsOf(view)
  const places = view.peers.filter((peer) => {
    const ability = abilities.get(peer.id)
    if (ability === undefined || !isFed(peer, peers)) return false
    const { seats, askedStripes } = capacityOf(ability, bitrateKbps)
    const load = loads.get(peer.id) ?? NO_LOAD
    const height = longestPath(peer, peers, new Set()) ?? MAX_DEPTH
    return height < MAX_DEPTH && load.children < seats && load.pushed + 4 <= askedStripes
  })
  const alone = view.peers.filter(({ device, parents }) => device !== 'root' && parents.length === 0)
  return alone.filter(({ children }) => children === 0 && places.length > 0).map(({ id }) => id)
}

/**
 * Backups below the same first-level peer as the primary, although another such peer has room at no more depth: for this one and
 * all whom it would have to take over from the same primary in the same moment.
 */
export function badBackups({ view, abilities, bitrateKbps }: SwarmCheck): string[] {
  const peers = new Map(view.peers.map((peer) => [peer.id, peer]))
  const loads = loadsOf(view)
  const height = (peer: PeerView): number => longestPath(peer, peers, new Set()) ?? MAX_DEPTH
  return view.peers.flatMap((peer) => {
    const [primary, backup] = peer.parents.map(({ id }) => peers.get(id))
    if (primary === undefined || backup === undefined) return []
    const branch = branchOf(primary, peers)
    if (branchOf(backup, peers) !== branch) return []
    const better = view.peers.find((other) => {
      const ability = abilities.get(other.id)
      if (ability === undefined || other === peer || other.device === 'root' || !isFed(other, peers))
        return false
      const { seats, askedStripes, maxStripes } = capacityOf(ability, bitrateKbps)
      const { children, pushed } = loads.get(other.id) ?? NO_LOAD
      if (children >= seats || pushed >= askedStripes) return false
      const promoted = 1 + view.peers.filter((each) => each !== peer && has(each, primary, other)).length
      if (pushed + STRIPES * promoted > maxStripes) return false
      return (
        height(other) <= height(primary) && height(other) < height(peer) && branchOf(other, peers) !== branch
      )
    })
    return better === undefined ? [] : [`${peer.id} could have ${better.id}`]
  })
}

function has({ parents: [first, ...others] }: PeerView, primary: PeerView, backup: PeerView): boolean {
  return first?.id === primary.id && others.some(({ id }) => id === backup.id)
}

function overloads(
  peer: PeerView,
  load: Load = NO_LOAD,
  { seats, maxStripes }: { seats: number; maxStripes: number },
): string[] {
  const breaches: string[] = []
  if (peer.children !== load.children)
    breaches.push(`${peer.id} counts ${peer.children}, has ${load.children}`)
  if (load.children > seats) breaches.push(`${peer.id} has ${load.children} children of ${seats}`)
  // A promoted backup may carry the fifth stripe beyond what was allotted, until another backup is there.
  if (load.pushed > maxStripes + load.primaries)
    breaches.push(`${peer.id} pushes ${load.pushed} of ${maxStripes}`)
  return breaches
}

function badMasks({ id, parents }: PeerView): string[] {
  const together = parents.reduce((mask, { stripes }) => mask | stripes, 0)
  const count = parents.reduce((sum, { stripes }) => sum + countStripes(stripes), 0)
  const roles = parents.map(({ role }) => role)
  // Where nobody has the upload for a stripe, nobody is asked for it.
  const isRight = countStripes(together) === count
  const isOrdered = roles.every((role, index) => role === (index === 0 ? 'primary' : 'backup'))
  return isRight && isOrdered ? [] : [`${id} is pushed ${together.toString(2)} in ${count} stripes`]
}

/** Stripes that it pushes to all its children. */
export function pushedBy(view: SwarmView, id: string): number {
  return (loadsOf(view).get(id) ?? NO_LOAD).pushed
}

function loadsOf(view: SwarmView): Map<string, Load> {
  const loads = new Map<string, Load>()
  for (const { parents } of view.peers) {
    for (const { id, stripes, role } of parents) {
      const load = loads.get(id) ?? { children: 0, pushed: 0, primaries: 0 }
      loads.set(id, load)
      load.children += 1
      load.pushed += countStripes(stripes)
      if (role === 'primary') load.primaries += 1
    }
  }
  return loads
}

/** Hops to the top by the longest way; null for a circle. */
function longestPath(peer: PeerView, peers: Map<string, PeerView>, below: Set<string>): number | null {
  if (below.has(peer.id)) return null
  const path = new Set(below).add(peer.id)
  let longest = 0
  for (const { id } of peer.parents) {
    const parent = peers.get(id)
    const above = parent === undefined ? null : longestPath(parent, peers, path)
    if (above === null) return null
    longest = Math.max(longest, above + 1)
  }
  return longest
}

function isFed(peer: PeerView, peers: Map<string, PeerView>): boolean {
  return topOf(peer, peers, () => false).device === 'root'
}

function branchOf(peer: PeerView, peers: Map<string, PeerView>): PeerView {
  return topOf(peer, peers, (above) => above.device === 'root')
}

function topOf(
  peer: PeerView,
  peers: Map<string, PeerView>,
  isBeyond: (above: PeerView) => boolean,
): PeerView {
  const above = peers.get(peer.parents[0]?.id ?? '')
  return above === undefined || isBeyond(above) ? peer : topOf(above, peers, isBeyond)
}
