/**
 * The connections of one membership: to the parents that were chosen, which it dials, and from children, which dial it. The page
 * makes them, the engine's side uses their channels.
 */
import type { ParentRole } from '../../cascade/peer-options.ts'
import type { PeerId } from '../../cascade/peer-id.ts'
import type { ChannelSet } from './browser-transport.ts'
import type { ConnectionFacts, Signal } from './connection.ts'
import type { LinkId, PagePort } from './worker-messages.ts'

/** What is needed of a connection. */
export interface LinkConnection {
  dial(): void
  hear(signal: Signal): void
  opened(): Promise<ConnectionFacts>
  close(): void
}

export interface DialOptions {
  send: (signal: Signal) => void
  onChannels: (channels: ChannelSet) => void
  onClosed: () => void
}

export interface LinksOptions {
  port: PagePort
  /** Throws where the browser makes no more connections. */
  connect: (options: DialOptions) => LinkConnection
  signal: (to: PeerId, signal: Signal) => void
  /** A parent that could not be reached. */
  onUnreachable: (parent: PeerId) => void
}

interface Link {
  readonly id: LinkId
  readonly peer: PeerId
  readonly isParent: boolean
  isOpen: boolean
  connection: LinkConnection | null
}

/** Above what any limit of children allows, with those that are still being made. */
export const MAX_LINKS = 24
/** What was said last still goes out before the connection ends. */
const GOODBYE_MS = 500

export class Links {
  readonly #options: LinksOptions
  readonly #links = new Map<LinkId, Link>()
  #roles: readonly ParentRole[] = []
  #nextId = 0
  #isClosed = false

  constructor(options: LinksOptions) {
    this.#options = options
  }

  /** A link to a parent is open. */
  get hasParent(): boolean {
    return [...this.#links.values()].some(({ isParent, isOpen }) => isParent && isOpen)
  }

  /** All parents from now on: the new ones are dialled side by side. */
  setParents(roles: readonly ParentRole[]): void {
    this.#roles = roles
    for (const { id } of roles) if (!this.#find(id, true)) this.#open(id, true)?.connection?.dial()
    // those that are open already are the engine's to take leave of
    for (const link of this.#links.values())
      if (link.isParent && !link.isOpen && !this.#roleOf(link.peer)) this.#end(link)
  }

  /** A signal by way of the server, which carries them between chosen pairs alone. */
  hear(from: PeerId, signal: Signal): void {
    if (signal.kind !== 'offer') return this.#linkOf(from)?.connection?.hear(signal)
    const known = this.#find(from, false)
    // whoever dials again has lost the connection he had
    if (known) this.#end(known)
    this.#open(from, false)?.connection?.hear(signal)
  }

  /** The engine's side has all channels of a link. */
  async opened(id: LinkId): Promise<void> {
    const link = this.#links.get(id)
    if (!link?.connection) return
    link.isOpen = true
    const facts = await link.connection.opened()
    if (!this.#links.has(id)) return
    const { port } = this.#options
    const role = this.#roleOf(link.peer)
    if (!link.isParent) port.post({ type: 'add-child', link: id, child: link.peer, facts })
    else if (role) port.post({ type: 'add-parent', link: id, role, facts })
    else this.#end(link)
  }

  /** The engine's side has closed a link, or the other end has. */
  closed(id: LinkId): void {
    const link = this.#links.get(id)
    if (!link) return
    this.#links.delete(id)
    setTimeout(() => link.connection?.close(), GOODBYE_MS)
  }

  /** Nobody deals with this peer any more. */
  cut(peer: PeerId): void {
    this.#roles = this.#roles.filter(({ id }) => id !== peer)
    for (const link of this.#links.values()) if (link.peer === peer && !link.isOpen) this.#end(link)
  }

  close(): void {
    this.#isClosed = true
    for (const link of [...this.#links.values()]) this.#end(link)
  }

  #open(peer: PeerId, isParent: boolean): Link | null {
    if (this.#isClosed || this.#links.size >= MAX_LINKS) return null
    const { connect, port, signal } = this.#options
    const link: Link = { id: this.#nextId++, peer, isParent, isOpen: false, connection: null }
    this.#links.set(link.id, link)
    try {
      link.connection = connect({
        send: (said) => signal(peer, said),
        onChannels: (channels) =>
          port.post(
            { type: 'channels', link: link.id, channels },
            Object.values(channels) as unknown as Transferable[],
          ),
        onClosed: () => this.#onClosed(link),
      })
      return link
    } catch {
      this.#onClosed(link)
      return null
    }
  }

  #onClosed(link: Link): void {
    if (!this.#links.delete(link.id)) return
    this.#options.port.post({ type: 'drop', link: link.id })
    if (link.isParent && !link.isOpen && !this.#isClosed && this.#roleOf(link.peer))
      this.#options.onUnreachable(link.peer)
  }

  #end(link: Link): void {
    this.#links.delete(link.id)
    this.#options.port.post({ type: 'drop', link: link.id })
    link.connection?.close()
  }

  #roleOf(peer: PeerId): ParentRole | undefined {
    return this.#roles.find(({ id }) => id === peer)
  }

  #find(peer: PeerId, isParent: boolean): Link | undefined {
    return [...this.#links.values()].find((link) => link.peer === peer && link.isParent === isParent)
  }

  /** The newest: an older one to the same peer is on its way out. */
  #linkOf(peer: PeerId): Link | undefined {
    return [...this.#links.values()].findLast((link) => link.peer === peer)
  }
}
