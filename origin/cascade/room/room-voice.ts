/** What a room's peers and roots are told. */
import type { IceServer, ParentAssignment } from '../../../cascade/messages.ts'
import type { PeerId } from '../../../cascade/peer-id.ts'
import type { RootServerMessage } from '../../../cascade/root-messages.ts'
import type { RoomKeys } from '../credentials.ts'
import { createToken, peerSecret } from '../credentials.ts'
import type { CascadeFigures, OffReason } from '../figures.ts'
import type { RootNodes } from '../root-nodes.ts'
import type { Member, Swarm } from '../swarm.ts'
import type { CascadeViewer } from '../viewer.ts'

export interface RoomVoiceOptions {
  roomId: string
  keys: RoomKeys
  iceServers: readonly IceServer[]
  nodes: RootNodes
  figures: CascadeFigures
  /** Wall clock, ms since 1970. */
  wallNow: () => number
}

/** Why somebody is on HTTP alone, and when it may ask again; null for never. */
export interface Refusal {
  reason: OffReason
  retryMs: number | null
}

export const STATS_MS = 10_000

export class RoomVoice {
  readonly #options: RoomVoiceOptions

  constructor(options: RoomVoiceOptions) {
    this.#options = options
  }

  welcome({ id }: Member, viewer: CascadeViewer): void {
    const { keys, roomId, iceServers } = this.#options
    viewer.send({
      type: 'cascade-welcome',
      peer_id: id,
      secret: peerSecret(keys.seed, roomId, id),
      public_key: Buffer.from(keys.publicKey).toString('base64url'),
      ice_servers: [...iceServers],
      stats_ms: STATS_MS,
    })
  }

  parents(member: Member, parents: ParentAssignment[]): void {
    if (member.viewer === null) return
    this.#options.figures.told()
    member.viewer.send({ type: 'cascade-parents', parents, token: this.#tokenOf(member) })
  }

  off(viewer: CascadeViewer, { reason, retryMs }: Refusal): void {
    this.#options.figures.off(reason)
    viewer.send({ type: 'cascade-off', reason, retry_ms: retryMs })
  }

  /** Between those who were chosen for each other. */
  carry(
    swarm: Swarm,
    signal: Omit<Extract<RootServerMessage, { type: 'cascade-signal' }>, 'type' | 'room'>,
  ): void {
    const { nodes, roomId, figures } = this.#options
    const { from, to, kind, sdp } = signal
    const mid = signal.mid === undefined ? {} : { mid: signal.mid }
    const root = swarm.roots.has(to) ? nodes.of(to)?.link : null
    const viewer = swarm.members.get(to)?.viewer
    const isCarried = swarm.coordinator.mayTalk(from, to) && Boolean(root ?? viewer)
    figures.signal(isCarried)
    if (!isCarried) return
    root?.send({ type: 'cascade-signal', room: roomId, from, to, kind, sdp, ...mid })
    viewer?.send({ type: 'cascade-signal', from, kind, sdp, ...mid })
  }

  /** To everybody who has to do with the polluter. */
  cut(swarm: Swarm, polluter: PeerId): void {
    const { nodes, roomId } = this.#options
    const others = [...swarm.members.values()].filter(({ id }) => swarm.coordinator.mayTalk(id, polluter))
    for (const { viewer } of others) viewer?.send({ type: 'cascade-cut', peer_id: polluter })
    for (const root of swarm.roots)
      nodes.of(root)?.link?.send({ type: 'cascade-cut', room: roomId, peer_id: polluter })
  }

  #tokenOf({ id, swarm, fingerprint, maxChildren }: Member): string {
    const { keys, wallNow } = this.#options
    return createToken({ ...swarm.name, peer: id, fingerprint, maxChildren }, keys.sign, wallNow())
  }
}
