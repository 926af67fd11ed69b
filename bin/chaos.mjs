// `npm run chaos`: sets up and builds, then runs the outage suite (tests/chaos/run.ts; `--help` says what it takes).
import { runTool } from './setup/run-tool.mjs'

await runTool('tests/chaos/run.ts', process.argv.slice(2))
