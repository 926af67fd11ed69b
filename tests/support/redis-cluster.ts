/** A Redis Cluster of the test's own: real redis-servers on free ports, joined by redis-cli. */
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { eventually } from './eventually.ts'
import { freePorts } from './free-ports.ts'

const SERVER = process.env['REDIS_SERVER_PATH'] ?? 'redis-server'
const CLI = process.env['REDIS_CLI_PATH'] ?? 'redis-cli'
const PRIMARIES = 3
const NODE_TIMEOUT_MS = 1000
const LIMIT_MS = 60_000
const run = promisify(execFile)

interface Node {
  port: number
  busPort: number
  folder: string
  child: ChildProcess
}

/** Whether one can be started; where not, says aloud what is not tested, and how to get it. */
export function hasRedisCluster(tested: string): boolean {
  const missing = [SERVER, CLI].filter(
    (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status !== 0,
  )
  if (missing.length === 0) return true
  console.warn(`NOT TESTED: ${tested}. Missing: ${missing.join()}: apt-get install redis-server redis-tools`)
  return false
}

export class RedisCluster {
  readonly #root: string
  readonly #nodes: Node[] = []

  private constructor(root: string) {
    this.#root = root
  }

  static async start(): Promise<RedisCluster> {
    const cluster = new RedisCluster(await mkdtemp(path.join(tmpdir(), 'headwater-redis-')))
    for (let made = 0; made < PRIMARIES; made++) await cluster.#addNode()
    const places = cluster.#nodes.map(({ port }) => `127.0.0.1:${port}`)
    await cli(['--cluster', 'create', ...places, '--cluster-yes'])
    await eventually(() => cluster.#agrees(), LIMIT_MS)
    return cluster
  }

  /** Of two of its nodes, so that the third has to be found. */
  get url(): string {
    const places = this.#nodes.slice(0, PRIMARIES - 1).map(({ port }) => `127.0.0.1:${port}`)
    return `redis+cluster://${places.join()}`
  }

  /** A node that takes the place of the primary that has this key, when that dies. */
  async addReplicaFor(key: string): Promise<void> {
    const primary = await this.#nodeOf(key)
    const id = (await cli(['-p', `${primary.port}`, 'cluster', 'myid'])).trim()
    const { port } = await this.#addNode()
    const places = [`127.0.0.1:${port}`, `127.0.0.1:${primary.port}`]
    await cli(['--cluster', 'add-node', ...places, '--cluster-slave', '--cluster-master-id', id])
    await eventually(async () => {
      const text = await cli(['-p', `${port}`, 'info', 'replication'])
      return text.includes('master_link_status:up')
    }, LIMIT_MS)
  }

  /** Ends the primary that has this key, for good. */
  async killPrimaryOf(key: string): Promise<void> {
    await kill(await this.#nodeOf(key))
  }

  /** All of it, as when its machines lose power. */
  async kill(): Promise<void> {
    await Promise.all(this.#nodes.map(kill))
  }

  /** With what each node has on disk: who it is, and no data. */
  async restart(): Promise<void> {
    for (const node of this.#nodes) await launch(node)
    await eventually(() => this.#agrees(), LIMIT_MS)
  }

  async close(): Promise<void> {
    await this.kill()
    await rm(this.#root, { recursive: true, force: true })
  }

  async #addNode(): Promise<Node> {
    const [port = 0, busPort = 0] = await freePorts(2)
    const folder = await mkdtemp(path.join(this.#root, 'node-'))
    const node: Node = { port, busPort, folder, child: spawnNode({ port, busPort, folder }) }
    this.#nodes.push(node)
    await eventually(() => answers(port), LIMIT_MS)
    return node
  }

  async #nodeOf(key: string): Promise<Node> {
    const living = this.#nodes.filter(({ child }) => child.exitCode === null && child.signalCode === null)
    const [asked] = living
    const text = await cli(['-p', `${asked?.port}`, 'cluster', 'keyslot', key])
    const slots = await cli(['-p', `${asked?.port}`, 'cluster', 'nodes'])
    const port = portOfSlot(slots, Number(text.trim()))
    const node = living.find((each) => each.port === port)
    if (!node) throw new Error(`no node has ${key}:\n${slots}`)
    return node
  }

  /** Every node says that all slots are there. */
  async #agrees(): Promise<boolean> {
    const states = await Promise.all(
      this.#nodes.map(({ port }) => cli(['-p', `${port}`, 'cluster', 'info']).catch(() => '')),
    )
    return states.every((text) => text.includes('cluster_state:ok'))
  }
}

function spawnNode({ port, busPort, folder }: Omit<Node, 'child'>): ChildProcess {
  const options = {
    ...{ port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no' },
    ...{ 'cluster-enabled': 'yes', 'cluster-port': busPort, 'cluster-node-timeout': NODE_TIMEOUT_MS },
  }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`])
  return spawn(SERVER, args, { stdio: 'ignore' })
}

async function launch(node: Node): Promise<void> {
  node.child = spawnNode(node)
  await eventually(() => answers(node.port), LIMIT_MS)
}

async function kill({ child }: Node): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
}

function answers(port: number): Promise<boolean> {
  return cli(['-p', `${port}`, 'ping']).then(
    (text) => text.includes('PONG'),
    () => false,
  )
}

/** `CLUSTER NODES`: `<id> <host>:<port>@<bus> <flags> … <slots>`. */
function portOfSlot(text: string, slot: number): number | null {
  for (const line of text.split('\n').filter((each) => each.includes('master') && !each.includes('fail'))) {
    const [, place = '', , , , , , , ...ranges] = line.split(' ')
    const has = ranges.some((range) => {
      const [from = NaN, to = from] = range.split('-').map(Number)
      return from <= slot && slot <= to
    })
    if (has) return Number(/:(\d+)@/.exec(place)?.[1])
  }
  return null
}

async function cli(args: string[]): Promise<string> {
  return (await run(CLI, args)).stdout
}
