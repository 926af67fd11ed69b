/** The list of edges in the store: what each says of itself, and how both sides read it. */
import { z } from 'zod'
import type { Store } from './store.ts'

const EDGES_KEY = 'edges'
/** An edge that has said nothing for this long is gone; clocks of a cluster are nearer than that. */
export const EDGE_GONE_AFTER_MS = 5000

const edgeSchema = z.object({
  atMs: z.number(),
  /** Where viewers find it. */
  url: z.url().max(2048),
  region: z.string().max(32),
  /** Share of what it can send, 0 to 1 and more. */
  load: z.number().min(0),
})

export interface ListedEdge {
  node: string
  url: string
  region: string
  load: number
}

/** Says that an edge is there. */
export async function listEdge(
  store: Store,
  { node, ...edge }: ListedEdge,
  nowMs = Date.now(),
): Promise<void> {
  await store.hashSet(EDGES_KEY, node, JSON.stringify({ ...edge, atMs: nowMs }))
}

export async function unlistEdge(store: Store, node: string): Promise<void> {
  await store.hashDelete(EDGES_KEY, node)
}

/** Those that live; what is left of others is cleared. */
export async function readEdges(store: Store, nowMs = Date.now()): Promise<ListedEdge[]> {
  const edges: ListedEdge[] = []
  for (const [node, text] of Object.entries(await store.hashAll(EDGES_KEY))) {
    const edge = parse(text)
    if (edge === null || nowMs - edge.atMs > EDGE_GONE_AFTER_MS) await store.hashDelete(EDGES_KEY, node)
    else edges.push({ node, url: edge.url, region: edge.region, load: edge.load })
  }
  return edges
}

function parse(text: string): z.infer<typeof edgeSchema> | null {
  try {
    return edgeSchema.parse(JSON.parse(text))
  } catch {
    return null
  }
}
