/** Which edges a viewer should ask, best first. */
import { rendezvousRank } from '../../runtime/rendezvous.ts'
import type { ListedEdge } from '../../runtime/store/edge-list.ts'

/** From here on an edge is given no viewers while others have room. */
export const FULL_LOAD = 0.85
/** And no more of them than this over what edges have on average, so that one room does not fill one edge. */
const ABOVE_AVERAGE = 0.25
const MAX_CHOICES = 3

/**
 * Of the viewer's region if there are any with room, and of those the same for all of a room: its tracks are then in few caches.
 * Rendezvous hashing bounded by load: where the first is busy, the room's next ones are asked in an order of its own.
 */
export function chooseEdges(
  edges: readonly ListedEdge[],
  { roomId, region }: { roomId: string; region: string | null },
): ListedEdge[] {
  const near = edges.filter((edge) => edge.region === region)
  const far = edges.filter((edge) => edge.region !== region)
  const ordered = [...order(near, roomId), ...order(far, roomId)]
  const withRoom = ordered.filter(({ load }) => load < FULL_LOAD)
  const full = ordered.filter(({ load }) => load >= FULL_LOAD).toSorted((a, b) => a.load - b.load)
  return [...withRoom, ...full].slice(0, MAX_CHOICES)
}

function order(edges: readonly ListedEdge[], roomId: string): ListedEdge[] {
  const average = edges.reduce((sum, { load }) => sum + load, 0) / Math.max(1, edges.length)
  const ranked = edges
    .map((edge) => ({ edge, rank: rendezvousRank(roomId, edge.node) }))
    .toSorted((a, b) => (a.rank < b.rank ? 1 : -1))
    .map(({ edge }) => edge)
  const isBusy = ({ load }: ListedEdge): boolean => load > average + ABOVE_AVERAGE
  return [...ranked.filter((edge) => !isBusy(edge)), ...ranked.filter(isBusy)]
}
