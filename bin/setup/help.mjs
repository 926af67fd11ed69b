// What `npm start -- --help` says; here and not in the server, so that it can be read before anything is installed.
import { version } from './root.mjs'

export function helpText() {
  return `Headwater ${version()}: a live-streaming origin that does not lose the picture

  npm start                     everything in one process: RTMP in; pages, HLS, LL-HLS and FLV out
  npm start -- [options]

Options
  --demo            also publish a moving test picture with a clock and a tone, and print where to watch it
  --only-demo       publish the test picture to a server that runs already, and nothing else
  --role origin     everything but the encoding, with the store at REDIS_URL
  --role transcoder encodes for the origin at ORIGIN_URL, with its REDIS_URL and CLUSTER_SECRET
  --role edge       an edge alone, in front of the origin at ORIGIN_URL, with its CLUSTER_SECRET
  --shield          with --role edge: asked by other edges (SHIELD_URLS) in the origin's place
  --workers N       with --role edge: so many processes on ports in a row, or auto (default: 1, or EDGE_WORKERS)
  --port N          port of the pages, the streams and the API (default: 8080, or HTTP_PORT)
  --config FILE     configuration file (default: ./headwater.yaml, where there is one)
  --no-setup        install and build nothing, run what is built
  --version, -v     print the version
  --help, -h        print this text

Set-up (before the server starts; each step only when it is needed)
  1. Node's version is checked: 20.19 or newer.
  2. ffmpeg and ffprobe: installed with apt-get on Debian and Ubuntu (as root or where sudo asks for no password);
     elsewhere it says what is missing and how to get it.
  3. npm packages: npm ci, when node_modules differs from package-lock.json.
  4. The server and the player are built into dist/, when their sources have changed.

Environment
  HTTP_PORT         pages, streams and API, default 8080
  RTMP_PORT         where OBS sends to, default 1935
  INTERNAL_PORT     between the services, default 8081, loopback only unless configured
  PUBLIC_URL        the address viewers use, when it is not http://HOST:HTTP_PORT
  DATA_DIR          rooms and keys, default ./data
  ADMIN_TOKEN       may manage everything; made at the first start and kept in DATA_DIR when not set
  ORIGIN_URL        for an edge or a transcoder alone: the internal address of its origin
  REDIS_URL         the store that an origin and transcoders apart from it share; one origin a store, or a REDIS_PREFIX
  CLUSTER_SECRET    what services that run apart show each other; made like ADMIN_TOKEN
  LOG_LEVEL         error, warn, info or debug, default info

Every key of the configuration: docs/configuration.md. Ctrl-C ends everything.`
}
