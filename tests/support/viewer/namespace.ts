/** A network of its own for a browser, on one bridge with the server, so that it can be cut off as by a pulled plug. Linux, as root. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const BRIDGE = `hw${process.pid}`
const SUBNET = `10.${77 + (process.pid % 100)}.${(process.pid >> 4) % 200}`
/** The server's address on the bridge. */
export const BRIDGE_ADDRESS = `${SUBNET}.1`

export class Bridge {
  #count = 0
  readonly #namespaces: Namespace[] = []

  /** Why there can be none here; null where there can. */
  static whyNot(): string | null {
    try {
      new Bridge().close()
      return null
    } catch (error) {
      return `network namespaces: ${error instanceof Error ? error.message.split('\n')[0] : 'unknown'}`
    }
  }

  constructor() {
    ip(`link add ${BRIDGE} type bridge`)
    ip(`addr add ${BRIDGE_ADDRESS}/24 dev ${BRIDGE}`)
    ip(`link set ${BRIDGE} up`)
  }

  add(): Namespace {
    const namespace = new Namespace(++this.#count)
    this.#namespaces.push(namespace)
    return namespace
  }

  close(): void {
    for (const namespace of this.#namespaces) namespace.close()
    ip(`link del ${BRIDGE}`)
  }
}

export class Namespace {
  readonly #name: string
  readonly #link: string
  readonly #folder: string

  constructor(index: number) {
    this.#name = `${BRIDGE}n${index}`
    this.#link = `${BRIDGE}v${index}`
    this.#folder = mkdtempSync(path.join(tmpdir(), 'headwater-namespace-'))
    ip(`netns add ${this.#name}`)
    ip(`link add ${this.#link} type veth peer name eth0 netns ${this.#name}`)
    ip(`link set ${this.#link} master ${BRIDGE} up`)
    const inside = `-n ${this.#name}`
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
    ip(`link set ${this.#link} nomaster`)
  }

  mend(): void {
    ip(`link set ${this.#link} master ${BRIDGE}`)
  }

  close(): void {
    ip(`link del ${this.#link}`)
    ip(`netns del ${this.#name}`)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function ip(args: string): void {
  execFileSync('ip', args.split(' '), { stdio: ['ignore', 'ignore', 'pipe'] })
}
