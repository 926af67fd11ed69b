/** What each gate must show: figures and what they may be at most; `>=` before a name: at least. The only place with bars. */
import type { Figures } from './gate.ts'

const RTT_MS = 40

export const BARS: Readonly<Record<string, Figures>> = {
  'relay-killed': {
    gapP50Ms: 250,
    gapP99Ms: 500,
    lostParts: 0,
    stallContinuityMs: 0,
    stallLowMs: 0,
  },
  'relay-killed-lossy': { gapP50Ms: 600, gapP99Ms: 1200, lostParts: 0, stallContinuityMs: 0 },
  'clean-leave': { handOverP99Ms: 100, gapP99Ms: 100, lateParts: 0, lostParts: 0 },
  'lossy-viewer': { stallShareLow: 0.01, stallShareContinuity: 0 },
  'false-switches': { perLinkHour: 0.1 },
  'false-switches-lossy': { perLinkHour: 5 },
  shares: { backupShare: 0.3, duplicateShare: 0.03 },
  hops: { hopMedianMs: RTT_MS / 2 + 30, depth5Ms: 400 },
  'offload-20': { '>=shareOfBound': 0.95, '>=stallFree': 0.99 },
  'offload-300': { '>=shareOfBound': 0.95, '>=stallFree': 0.99 },
  'mass-death': { stallMs: 0, recoveredMs: 3000, lostParts: 0 },
  'first-level-death': { stallMs: 0, recoveredMs: 3000, lostParts: 0 },
  'root-killed': { stallMs: 0, recoveredMs: 3000, lostParts: 0 },
  polluter: { badPlayed: 0, badRelayed: 0, cutMs: 1000, notCut: 0, '>=proofs': 1, '>=below': 30 },
  villains: { badPlayed: 0, badRelayed: 0, bannedHonest: 0, stolenBytes: 0, '>=stallFree': 0.99 },
}
