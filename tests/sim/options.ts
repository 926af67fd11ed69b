/** The command line of the simulator. */
import { parseArgs } from 'node:util'
import type { Mode } from './viewer/player-model.ts'

export interface SimOptions {
  peers: number
  minutes: number
  seed: number
  mode: Mode
  churnPerMinute: number
  lossPercent: number
  gates: boolean
  /** Names of gates; empty: all. */
  chosen: string[]
  size: number
  json: string | null
  doesList: boolean
  isHelp: boolean
}

export const HELP = `npm run sim: the cascade with many viewers, in virtual time.

  --peers N        viewers there are on average (default 100)
  --minutes N      simulated minutes (default 5)
  --seed N         the same seed gives the same run (default 1)
  --mode NAME      continuity (9 s of reserve, the default) or low (1 s)
  --churn SHARE    of the viewers that are others every minute (default 0.1)
  --loss PERCENT   on every link (default 0)
  --gates          measures what must hold instead, and holds it against its bars
  --gate NAME      only this gate; may be given several times
  --size SHARE     of each gate's full extent, such as 0.1 for a quick look (default 1)
  --json FILE      everything, with histograms
  --list           names and titles of the gates
  --help           this

Progress goes to standard error, results as JSON to standard output, a line each. A run that breaks an invariant, or a gate
that misses its bar, prints the command that replays it; the exit code is 1 then.`

/** Throws for what is not known. */
export function parseOptions(args: readonly string[]): SimOptions {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{
        peers: text,
        minutes: text,
        seed: text,
        mode: text,
        churn: text,
        loss: text,
        size: text,
        json: text,
      },
      gates: { type: 'boolean' },
      gate: { type: 'string', multiple: true },
      list: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const { mode = 'continuity' } = values
  if (mode !== 'continuity' && mode !== 'low') throw new Error(`--mode ${mode}: continuity or low`)
  return {
    peers: numberOf('--peers', values.peers, { fallback: 100, least: 1, most: 5000 }),
    minutes: numberOf('--minutes', values.minutes, { fallback: 5, least: 0.1, most: 240 }),
    seed: numberOf('--seed', values.seed, { fallback: 1, least: 0, most: 2 ** 52 }),
    mode,
    churnPerMinute: numberOf('--churn', values.churn, { fallback: 0.1, least: 0, most: 2 }),
    lossPercent: numberOf('--loss', values.loss, { fallback: 0, least: 0, most: 50 }),
    gates: (values.gates ?? false) || values.gate !== undefined,
    chosen: values.gate ?? [],
    size: numberOf('--size', values.size, { fallback: 1, least: 0.01, most: 10 }),
    json: values.json ?? null,
    doesList: values.list ?? false,
    isHelp: values.help ?? false,
  }
}

function numberOf(
  name: string,
  text: string | undefined,
  { fallback, least, most }: { fallback: number; least: number; most: number },
): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (!(value >= least && value <= most)) throw new Error(`${name} ${text}: ${least} to ${most}`)
  return value
}
