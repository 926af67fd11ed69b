// What `npm start` runs: sets the machine up where something is missing, then runs the server.
// This file and what it imports statically parse in any Node that knows modules, so that an old one gets a clear answer.
import { nodeComplaint } from './setup/node-version.mjs'

const complaint = nodeComplaint(process.versions.node)
if (complaint) {
  console.error(complaint)
  process.exit(1)
}
import('./setup/start.mjs').then(({ start }) => start(process.argv.slice(2)))
