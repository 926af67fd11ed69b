// What `npm test` runs: the set-up, with a browser and fonts besides, then every test.
// The last line is `N passed, N failed`, with `, N skipped` where some were; the exit code is 0 only when all is well.
import { nodeComplaint } from './setup/node-version.mjs'

const complaint = nodeComplaint(process.versions.node)
if (complaint) {
  console.error(complaint)
  process.exit(1)
}
import('./setup/test.mjs').then(({ test }) => test(process.argv.slice(2)))
