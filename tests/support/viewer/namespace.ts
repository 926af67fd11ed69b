/**
 * A network of its own for a browser, on one bridge with the server, as far away as it is told, so that it can be cut off as by a
 * pulled plug. Linux, as root.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CableMaker, type LongCable, type PathQuality } from './long-cable.ts'

/** Interfaces' names have 15 characters at most. */
const NAME = `hw${process.pid}`
/** The bridge is in a namespace of its own, so that the machine's firewall has no say in what passes over it. */
const HUB = `${NAME}hub`
const BRIDGE = 'bridge'
const SUBNET = `10.${77 + (process.pid % 100)}.${(process.pid >> 4) % 200}`
/** The server's address as seen from the bridge. */
export const BRIDGE_ADDRESS = `${SUBNET}.1`
/** As short as the machine has it. */
const NEXT_DOOR: PathQuality = { rttMs: 0, loss: 0 }

export class Bridge {
  #count = 0
  readonly #quality: PathQuality
  readonly #maker: CableMaker | null
  readonly #namespaces: Namespace[] = []

  /** Why there can be none here; null where there can. */
  static async whyNot(quality: PathQuality = NEXT_DOOR): Promise<string | null> {
    try {
      const bridge = new Bridge(quality)
      try {
        await bridge.add()
      } finally {
        await bridge.close()
      }
      return null
    } catch (error) {
      return error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'unknown'
    }
  }

  /** `quality`: of the path between any two namespaces, and between one and the server. */
  constructor(quality: PathQuality = NEXT_DOOR) {
    this.#quality = quality
    const isLong = quality.rttMs > 0 || quality.loss > 0
    this.#maker = isLong ? new CableMaker() : null
    ip(`netns add ${HUB}`)
    ip(`-n ${HUB} link add ${BRIDGE} type bridge`)
    ip(`-n ${HUB} link set ${BRIDGE} up`)
    ip(`link add ${NAME} type veth peer name server netns ${HUB}`)
    ip(`-n ${HUB} link set server master ${BRIDGE} up`)
    ip(`addr add ${BRIDGE_ADDRESS}/24 dev ${NAME}`)
    ip(`link set ${NAME} up`)
  }

  async add(): Promise<Namespace> {
    const index = ++this.#count
    const name = `${NAME}n${index}`
    const near = `${NAME}v${index}`
    const far = `${NAME}w${index}`
    ip(`netns add ${name}`)
    const ends = { near, far, server: BRIDGE_ADDRESS }
    const cable = (await this.#maker?.make(ends, this.#quality)) ?? null
    if (!cable) ip(`link add ${near} type veth peer name ${far}`)
    const namespace = new Namespace({ name, near, far, index, cable })
    this.#namespaces.push(namespace)
    return namespace
  }

  async close(): Promise<void> {
    for (const namespace of this.#namespaces) await namespace.close()
    ip(`link del ${NAME}`)
    ip(`netns del ${HUB}`)
    this.#maker?.close()
  }
}

interface NamespaceParts {
  name: string
  /** interface on the bridge */
  near: string
  /** to be moved into the namespace */
  far: string
  index: number
  /** what is between them; null: nothing */
  cable: LongCable | null
}

export class Namespace {
  readonly #name: string
  readonly #near: string
  readonly #cable: LongCable | null
  readonly #folder: string

  constructor({ name, near, far, index, cable }: NamespaceParts) {
    this.#name = name
    this.#near = near
    this.#cable = cable
    this.#folder = mkdtempSync(path.join(tmpdir(), 'headwater-namespace-'))
    ip(`link set ${far} netns ${name} name eth0`)
    ip(`link set ${near} netns ${HUB}`)
    ip(`-n ${HUB} link set ${near} master ${BRIDGE} up`)
    const inside = `-n ${name}`
    ip(`${inside} link set lo up`)
    ip(`${inside} addr add ${SUBNET}.${index + 1}/24 dev eth0`)
    ip(`${inside} link set eth0 up`)
    ip(`${inside} route add default via ${BRIDGE_ADDRESS}`)
  }

  /** A program that runs another one in here, with the arguments it is given. */
  wrap(program: string): string {
    const file = path.join(this.#folder, 'run')
    writeFileSync(file, `#!/bin/sh\nexec ip netns exec ${this.#name} ${program} "$@"\n`)
    chmodSync(file, 0o755)
    return file
  }

  /** Nothing comes or goes any more; whoever is inside is told nothing. */
  cut(): void {
    ip(`-n ${HUB} link set ${this.#near} nomaster`)
  }

  mend(): void {
    ip(`-n ${HUB} link set ${this.#near} master ${BRIDGE}`)
  }

  async close(): Promise<void> {
    if (this.#cable) await this.#cable.close()
    else ip(`-n ${HUB} link del ${this.#near}`)
    ip(`netns del ${this.#name}`)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function ip(args: string): void {
  execFileSync('ip', args.split(' '), { stdio: ['ignore', 'ignore', 'pipe'] })
}
