/** The parents a viewer was given, and the connections to them: dialled, open, or failed. */
import type { ParentAssignment } from '../../../cascade/messages.ts'
import type { Peer } from '../../../cascade/peer.ts'
import type { ParentRole } from '../../../cascade/peer-options.ts'
import type { PeerId } from '../../../cascade/peer-id.ts'
import type { Transport } from '../../../cascade/transport.ts'

export interface LinksOptions {
  peer: () => Peer
  /** Null: it could not be reached. */
  dial: (parent: PeerId, done: (transport: Transport | null) => void) => void
  onUnreachable: (parent: PeerId) => void
}

export class Links {
  readonly #options: LinksOptions
  readonly #states = new Map<PeerId, 'dialling' | 'open'>()
  #roles: ParentRole[] = []

  constructor(options: LinksOptions) {
    this.#options = options
  }

  get open(): number {
    return [...this.#states.values()].filter((state) => state === 'open').length
  }

  /** All parents from now on. */
  assign(parents: readonly ParentAssignment[]): void {
    this.#roles = parents.map(({ id, role, stripes }) => ({ id, role, stripes }))
    this.#options.peer().setParents(this.#roles)
    for (const id of this.#states.keys()) if (!this.#roleOf(id)) this.#states.delete(id)
    for (const { id } of this.#roles) if (!this.#states.has(id)) this.#dial(id)
  }

  lost(parent: PeerId): void {
    this.#states.delete(parent)
    this.#roles = this.#roles.filter(({ id }) => id !== parent)
  }

  #dial(id: PeerId): void {
    this.#states.set(id, 'dialling')
    this.#options.dial(id, (transport) => this.#dialled(id, transport))
  }

  #dialled(id: PeerId, transport: Transport | null): void {
    const role = this.#roleOf(id)
    if (this.#states.get(id) !== 'dialling' || !role) return transport?.close()
    if (transport) {
      this.#states.set(id, 'open')
      return this.#options.peer().addParent(role, transport)
    }
    this.lost(id)
    this.#options.onUnreachable(id)
  }

  #roleOf(parent: PeerId): ParentRole | undefined {
    return this.#roles.find(({ id }) => id === parent)
  }
}
