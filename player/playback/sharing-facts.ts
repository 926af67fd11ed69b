/** What can be said of this viewer's part in the cascade, summed over the swarms it is and was in. */
import type { MembershipFacts } from '../cascade/membership.ts'
import type { ParentStats, SwitchRecord } from './stats.ts'

export interface SharingFacts {
  pipe: 'cascade' | 'http'
  peerId: string | null
  /** received, by role of the parent; what came twice is among it */
  bytes: { fromPrimary: number; fromBackup: number; duplicate: number; sent: number }
  parents: ParentStats[]
  children: { id: string; stripes: number; rttMs: number | null; loss: number; bytes: number }[]
  /** between parents */
  switches: SwitchRecord[]
  depth: number | null
  verifiedChunks: number
  /** chunks of peers and parts over HTTP that the origin did not sign */
  rejected: number
}

export const NO_SHARING: SharingFacts = {
  pipe: 'http',
  peerId: null,
  bytes: { fromPrimary: 0, fromBackup: 0, duplicate: 0, sent: 0 },
  parents: [],
  children: [],
  switches: [],
  depth: null,
  verifiedChunks: 0,
  rejected: 0,
}

/** Counts are added to `past`; parents, children and depth are those of the newest. */
export function sumFacts(
  past: SharingFacts,
  memberships: readonly { facts: MembershipFacts | null }[],
): SharingFacts {
  const start: SharingFacts = { ...past, parents: [], children: [], depth: null }
  return memberships.reduce<SharingFacts>((sum, { facts }) => (facts ? addFacts(sum, facts) : sum), start)
}

function addFacts(sum: SharingFacts, facts: MembershipFacts): SharingFacts {
  const { bytes } = facts
  return {
    ...sum,
    bytes: {
      fromPrimary: sum.bytes.fromPrimary + bytes.fromPrimary,
      fromBackup: sum.bytes.fromBackup + bytes.fromBackup,
      duplicate: sum.bytes.duplicate + bytes.duplicate,
      sent: sum.bytes.sent + bytes.sent,
    },
    parents: facts.parents.map(({ id, role, stripes, rttMs, loss, relayed, bytes: brought }) => ({
      ...{ id, role, stripes, relayed, bytes: brought },
      rttMs: rttMs === null ? null : Math.round(rttMs),
      loss,
    })),
    children: facts.children.map(({ id, stripes, rttMs, loss, bytes: given }) => ({
      ...{ id, stripes, loss, bytes: given },
      rttMs: rttMs === null ? null : Math.round(rttMs),
    })),
    depth: facts.depth,
    verifiedChunks: sum.verifiedChunks + facts.verifiedChunks,
    rejected: sum.rejected + facts.rejectedChunks + facts.badOffers,
  }
}
