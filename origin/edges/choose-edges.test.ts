import { expect, it } from 'vitest'
import type { ListedEdge } from '../../runtime/store/edge-list.ts'
import { chooseEdges, FULL_LOAD } from './choose-edges.ts'

const ROOMS = Array.from({ length: 300 }, (_, index) => `room-${index}`)

function edges(count: number, region = 'eu', load = 0.2): ListedEdge[] {
  return Array.from({ length: count }, (_, index) => ({
    node: `${region}-${index}`,
    ...{ url: `https://${region}-${index}.test`, region, load },
  }))
}

function first(
  list: readonly ListedEdge[],
  roomId: string,
  region: string | null = 'eu',
): string | undefined {
  return chooseEdges(list, { roomId, region })[0]?.node
}

it('sends all viewers of a room to one edge, and rooms evenly to all', () => {
  const list = edges(4)
  const counts = new Map<string, number>()
  for (const room of ROOMS) {
    const node = first(list, room) ?? ''
    expect(first(list.toReversed(), room)).toBe(node)
    counts.set(node, (counts.get(node) ?? 0) + 1)
  }
  expect(Math.min(...counts.values())).toBeGreaterThan(ROOMS.length / 4 / 2)
})

it('moves no more rooms than an edge that goes has had', () => {
  const list = edges(4)
  const moved = ROOMS.filter((room) => first(list, room) !== first(list.slice(1), room))
  expect(moved.every((room) => first(list, room) === 'eu-0')).toBe(true)
})

it('stays in the region while there is room in it', () => {
  const list = [...edges(2, 'eu'), ...edges(2, 'us')]
  for (const room of ROOMS) expect(first(list, room, 'us')).toMatch(/^us/)
  const full = list.map((edge) => (edge.region === 'us' ? { ...edge, load: FULL_LOAD } : edge))
  for (const room of ROOMS) expect(first(full, room, 'us')).toMatch(/^eu/)
})

it('gives a busy edge no more viewers than its share, and the fullest last', () => {
  const busy = edges(3).map((edge, index) => ({ ...edge, load: index === 0 ? 0.8 : 0.1 }))
  for (const room of ROOMS) expect(first(busy, room)).not.toBe('eu-0')
  const full = edges(3).map((edge, index) => ({ ...edge, load: 1 + index }))
  expect(chooseEdges(full, { roomId: 'room', region: null }).map(({ node }) => node)).toEqual([
    'eu-0',
    'eu-1',
    'eu-2',
  ])
})

it('has none where there is none, and names three at most', () => {
  expect(chooseEdges([], { roomId: 'room', region: 'eu' })).toEqual([])
  expect(chooseEdges(edges(9), { roomId: 'room', region: 'eu' })).toHaveLength(3)
})
