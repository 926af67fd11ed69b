// The steps of `npm start`: help and version at once, then set-up, then the server.
import { existsSync } from 'node:fs'
import { atRoot, version } from './root.mjs'
import { helpText } from './help.mjs'
import { complain, SetupError } from './say.mjs'
import { setUp } from './set-up.mjs'
import { startPackages } from './system-packages.mjs'
import { runServer } from './server.mjs'

/** Runs the server with the arguments given; the process ends with the server's exit code. */
export async function start(args) {
  if (args.includes('--help') || args.includes('-h')) return console.log(helpText())
  if (args.includes('--version') || args.includes('-v')) return console.log(version())
  try {
    if (!args.includes('--no-setup')) await setUp({ systemPackages: startPackages(args) })
    if (!existsSync(atRoot('dist/headwater.js'))) {
      throw new SetupError('there is no built server in dist/; run npm start without --no-setup once')
    }
  } catch (error) {
    complain(error)
    process.exit(1)
  }
  process.exitCode = await runServer(args.filter((argument) => argument !== '--no-setup'))
}
