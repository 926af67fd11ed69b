// `npm run sim`: sets up, then runs the cascade's simulator (tests/sim/run.ts; `--help` says what it takes).
import { runTool } from './setup/run-tool.mjs'

await runTool('tests/sim/run.ts', process.argv.slice(2))
