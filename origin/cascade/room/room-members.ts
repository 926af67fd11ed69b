/** Which viewer of a room stands behind which peer, and who comes back under a name it had. */
import type { CascadeClientMessage } from '../../../cascade/messages.ts'
import type { RoomKeys } from '../credentials.ts'
import { isPeerSecret, peerSecret } from '../credentials.ts'
import type { Member, Swarm } from '../swarm.ts'
import type { CascadeViewer } from '../viewer.ts'

export type Joining = Extract<CascadeClientMessage, { type: 'cascade-join' }>

export class RoomMembers {
  readonly #roomId: string
  readonly #keys: RoomKeys
  readonly #byViewer = new Map<CascadeViewer, Member>()

  constructor(roomId: string, keys: RoomKeys) {
    this.#roomId = roomId
    this.#keys = keys
  }

  /** With a viewer behind them. */
  get size(): number {
    return this.#byViewer.size
  }

  of(viewer: CascadeViewer): Member | undefined {
    return this.#byViewer.get(viewer)
  }

  /** Takes the place of whoever had that name in the swarm. */
  add(member: Member, viewer: CascadeViewer): void {
    const { id, swarm } = member
    const before = swarm.members.get(id)
    if (before !== undefined) this.remove(before)
    this.#byViewer.set(viewer, member)
    swarm.members.set(id, member)
  }

  remove(member: Member): void {
    if (member.viewer !== null) this.#byViewer.delete(member.viewer)
    member.swarm.members.delete(member.id)
  }

  /** Stays in its swarm without a viewer, until then. */
  suspend(viewer: CascadeViewer, untilMs: number): Member | null {
    const member = this.#byViewer.get(viewer)
    if (member === undefined) return null
    this.#byViewer.delete(viewer)
    member.viewer = null
    member.awayUntilMs = untilMs
    return member
  }

  /** Over another connection. */
  resume(member: Member, viewer: CascadeViewer): void {
    if (member.viewer !== null) this.#byViewer.delete(member.viewer)
    member.viewer = viewer
    this.#byViewer.set(viewer, member)
  }

  /** Its name is its own: the secret is the one that was given with it. */
  isOwn({ rejoin }: Joining): boolean {
    if (rejoin === undefined) return false
    return isPeerSecret(rejoin.secret, peerSecret(this.#keys.seed, this.#roomId, rejoin.peer_id))
  }

  /** Who is still in the swarm under that name. */
  returning(viewer: CascadeViewer, message: Joining, swarm: Swarm | null): Member | null {
    const { rejoin, fingerprint } = message
    if (rejoin === undefined || !this.isOwn(message)) return null
    const member = swarm?.members.get(rejoin.peer_id)
    if (member === undefined || member.fingerprint !== fingerprint) return null
    return this.of(viewer) === undefined || member.viewer === viewer ? member : null
  }
}
