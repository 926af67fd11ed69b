/** The command line of Headwater: what may be said, and the help text. */
import { parseArgs } from 'node:util'
import { HeadwaterError } from './runtime/errors.ts'

export const ROLES = ['all', 'origin', 'transcoder', 'edge'] as const
export type Role = (typeof ROLES)[number]

export interface Worker {
  index: number
  count: number
}

export interface CommandLine {
  role: Role
  /** An edge between other edges and the origin. */
  shield: boolean
  /** How many edges to run; null: as configured. */
  workers: number | 'auto' | null
  /** Which one this is of how many; only their parent says so. */
  worker: Worker | null
  demo: boolean
  /** Only publish the demo, to a server that runs already. */
  onlyDemo: boolean
  help: boolean
  version: boolean
  port: string | null
  config: string | null
}

export const HELP = `Headwater: a live-streaming origin that does not lose the picture.

  npm start                        everything in one process: RTMP in, pages, HLS, LL-HLS and FLV out
  npm start -- --demo              the same, and a moving test picture with a clock and a tone is published
  npm start -- --role origin       everything but the encoding, with the store at REDIS_URL
  npm start -- --role transcoder   encodes for the origin at ORIGIN_URL, with its REDIS_URL and CLUSTER_SECRET
  npm start -- --role edge         an edge alone, in front of the origin at ORIGIN_URL, with its CLUSTER_SECRET

  --shield          with --role edge: asked by other edges (SHIELD_URLS) in the origin's place, at INTERNAL_HOST and INTERNAL_PORT
  --workers N       with --role edge: so many processes on ports in a row, or auto for one a core (environment: EDGE_WORKERS, default 1)
  --port N          port of the pages and of HTTP playback (environment: HTTP_PORT, default 8080)
  --config FILE     configuration file (default: ./headwater.yaml where there is one)
  --only-demo       publish the test picture to the server that runs already, and nothing else
  --version, -v     print the version
  --help, -h        print this

Environment: HTTP_PORT 8080, RTMP_PORT 1935, INTERNAL_PORT 8081, PUBLIC_URL, DATA_DIR ./data, ADMIN_TOKEN, REDIS_URL, LOG_LEVEL info.
Every key: docs/configuration.md.`

/** Throws `config_invalid` for what is not known. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values } = parse(args)
  const role = ROLES.find((each) => each === (values.role ?? 'all'))
  if (!role) throw new HeadwaterError('config_invalid', `--role ${values.role}: one of ${ROLES.join(', ')}`)
  if (values.shield && role !== 'edge')
    throw new HeadwaterError('config_invalid', `--shield belongs to --role edge, not ${role}`)
  const { workers } = values
  if (workers !== undefined && role !== 'edge')
    throw new HeadwaterError('config_invalid', `--workers belongs to --role edge, not ${role}`)
  if (workers !== undefined && !/^(?:auto|[1-9]|[1-5]\d|6[0-4])$/.test(workers))
    throw new HeadwaterError('config_invalid', `--workers ${workers}: a whole number from 1 to 64, or auto`)
  if (values.port !== undefined && !(/^\d{1,5}$/.test(values.port) && Number(values.port) <= 65_535))
    throw new HeadwaterError('config_invalid', `--port ${values.port}: a whole number from 0 to 65535`)
  return {
    role,
    shield: values.shield ?? false,
    workers: workers === undefined ? null : workers === 'auto' ? 'auto' : Number(workers),
    worker: parseWorker(values.worker),
    demo: values.demo ?? false,
    onlyDemo: values['only-demo'] ?? false,
    help: values.help ?? false,
    version: values.version ?? false,
    port: values.port ?? null,
    config: values.config ?? null,
  }
}

/** `1/4` is the second of four. */
function parseWorker(text: string | undefined): Worker | null {
  if (text === undefined) return null
  const [, index, count] = /^(\d{1,2})\/(\d{1,2})$/.exec(text) ?? []
  if (index === undefined || Number(index) >= Number(count))
    throw new HeadwaterError('config_invalid', `--worker ${text}: which one of how many, as 0/2`)
  return { index: Number(index), count: Number(count) }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        role: { type: 'string' },
        shield: { type: 'boolean' },
        workers: { type: 'string' },
        worker: { type: 'string' },
        demo: { type: 'boolean' },
        'only-demo': { type: 'boolean' },
        port: { type: 'string' },
        config: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    })
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause)
    throw new HeadwaterError('config_invalid', `${what}; --help lists what there is`, { cause })
  }
}
