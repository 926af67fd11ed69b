/** All gates, in the order in which they are run. */
import { disaster } from './disasters.ts'
import type { Gate } from './gate.ts'
import { relayDeaths } from './kills.ts'
import { lossyViewer } from './lossy-viewer.ts'
import { offload } from './offload.ts'
import { falseSwitches, hops, shares } from './steady.ts'
import { mixedVillains, polluter } from './villains.ts'

export const CATALOGUE: readonly Gate[] = [
  {
    name: 'relay-killed',
    title: 'a relay dies without a word, no loss',
    isShort: true,
    run: (scale) => relayDeaths({ lossPercent: 0, isClean: false }, scale),
  },
  {
    name: 'relay-killed-lossy',
    title: 'the same at 1 % loss',
    isShort: true,
    run: (scale) => relayDeaths({ lossPercent: 1, isClean: false }, scale),
  },
  {
    name: 'clean-leave',
    title: 'a relay says good-bye',
    isShort: true,
    run: (scale) => relayDeaths({ lossPercent: 0, isClean: true }, scale),
  },
  { name: 'lossy-viewer', title: '10 % loss on the links of one viewer', isShort: false, run: lossyViewer },
  {
    name: 'false-switches',
    title: 'switches away from living parents, no loss',
    isShort: true,
    run: (scale) => falseSwitches(0, scale),
  },
  {
    name: 'false-switches-lossy',
    title: 'the same at 2 % loss',
    isShort: false,
    run: (scale) => falseSwitches(2, scale),
  },
  { name: 'shares', title: 'what comes from the backup, and what comes twice', isShort: true, run: shares },
  { name: 'hops', title: 'delay that each hop adds, and at depth 5', isShort: true, run: hops },
  {
    name: 'offload-20',
    title: '20 viewers, 10 % of them others every minute',
    isShort: false,
    run: (scale) => offload(20, scale),
  },
  {
    name: 'offload-300',
    title: '300 viewers, 10 % of them others every minute',
    isShort: false,
    run: (scale) => offload(300, scale),
  },
  {
    name: 'mass-death',
    title: '30 % die within a second',
    isShort: true,
    run: (scale) => disaster('mass', scale),
  },
  {
    name: 'first-level-death',
    title: 'all relays of the first level die',
    isShort: true,
    run: (scale) => disaster('first-level', scale),
  },
  {
    name: 'root-killed',
    title: 'one of two roots dies',
    isShort: true,
    run: (scale) => disaster('root', scale),
  },
  { name: 'polluter', title: 'a polluter at depth 1, thirty below', isShort: true, run: polluter },
  { name: 'villains', title: 'every sixth viewer means harm', isShort: true, run: mixedVillains },
]
