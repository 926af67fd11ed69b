/**
 * The coordinator alone, with 10,000 peers in one swarm: joins a second, the plan for the death of a parent with all its orphans, a
 * tick, and memory of a peer. One process, no I/O. `-- PEERS` changes the number.
 */
import { measureCoordinator } from './support/coordinator-load.ts'

const peers = Number(process.argv[2] ?? 10_000)
console.log(JSON.stringify(measureCoordinator(peers), null, 2))
