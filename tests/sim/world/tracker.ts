/** The coordinator's host as far as viewers see it: messages that take their time, tokens, proofs that are looked at. */
import { Coordinator, type Decision } from '../../../cascade/coordinator/coordinator.ts'
import { TICK_MS } from '../../../cascade/coordinator/optimise.ts'
import type { Ability } from '../../../cascade/messages.ts'
import type { PeerFacts, LostReason, PollutionProof } from '../../../cascade/peer-options.ts'
import type { PeerId } from '../../../cascade/peer-id.ts'
import { encodeToken, MAX_TOKEN_LIFE_MS, parseFingerprint } from '../../../cascade/token.ts'
import type { EventQueue } from '../event-queue.ts'
import { fingerprintOf } from '../network/sim-transport.ts'
import type { Random } from '../random.ts'
import type { OriginKey } from './crypto.ts'
import { PROGRAM, RENDITION, ROOM, STREAM_KBPS, type SimStream } from './stream.ts'

/** Somebody with a connection to the signalling. */
export interface Client {
  id: PeerId
  ability: Ability
  onParents: (parents: Extract<Decision, { kind: 'parents' }>['parents'], token: Uint8Array) => void
  onOff: (retryMs: number | null) => void
  onCut: (id: PeerId) => void
}

export interface TrackerOptions {
  clock: EventQueue
  random: Random
  key: OriginKey
  stream: SimStream
  wallNow: () => number
  /** One way. */
  delayMs: number
}

/** So many children have to say so, each with proof, before somebody is cut off for good. */
const REPORTS_TO_BAN = 2

export class Tracker {
  readonly coordinator: Coordinator
  readonly bannedAtMs = new Map<PeerId, number>()
  readonly #options: TrackerOptions
  readonly #clients = new Map<PeerId, Client>()
  readonly #reports = new Map<PeerId, Set<PeerId>>()
  goodProofs = 0
  badProofs = 0

  constructor(options: TrackerOptions) {
    this.#options = options
    const { clock, random } = options
    this.coordinator = new Coordinator({
      ...{ program: PROGRAM, rendition: RENDITION, bitrateKbps: STREAM_KBPS },
      now: () => clock.now(),
      random: () => random.next(),
    })
    this.#tick()
  }

  join(client: Client): void {
    this.#later(() => {
      this.#clients.set(client.id, client)
      const { id, ability } = client
      this.#tell(this.coordinator.join({ id, ability, locality: '' }))
    })
  }

  lost(id: PeerId, parent: PeerId, why: LostReason): void {
    this.#later(() => this.#tell(this.coordinator.lost(id, parent, why)))
  }

  stats(id: PeerId, { ability, facts, bytes }: Report): void {
    const parents = facts.parents
      .filter(({ state }) => state === 'granted')
      .map(({ id: parent, rttMs, loss, relayed }) => ({ id: parent, rtt_ms: rttMs ?? 0, loss, relayed }))
    this.#later(() => this.#tell(this.coordinator.stats(id, { ability, parents, bytes })))
  }

  polluted(id: PeerId, proof: PollutionProof): void {
    this.#later(() => {
      if (!this.#isProven(proof)) return void this.badProofs++
      this.goodProofs++
      const reporters = this.#reports.get(proof.parent) ?? new Set()
      this.#reports.set(proof.parent, reporters.add(id))
      if (reporters.size < REPORTS_TO_BAN || this.bannedAtMs.has(proof.parent)) return
      this.bannedAtMs.set(proof.parent, this.#options.clock.now())
      this.#tell(this.coordinator.ban(proof.parent))
      for (const { onCut } of this.#clients.values()) this.#later(() => onCut(proof.parent))
    })
  }

  leave(id: PeerId): void {
    this.#later(() => this.forget(id))
  }

  /** Its connection is found to be dead. */
  forget(id: PeerId): void {
    this.#clients.delete(id)
    this.#tell(this.coordinator.leave(id))
  }

  token(id: PeerId, ability: Ability): Uint8Array {
    const { key, wallNow } = this.#options
    const claims = {
      ...{ room: ROOM, program: PROGRAM, rendition: RENDITION, peer: id },
      fingerprint: parseFingerprint(fingerprintOf(id)),
      expiresAtMs: wallNow() + MAX_TOKEN_LIFE_MS,
      maxChildren: ability.max_children,
    }
    return encodeToken(claims, key.sign)
  }

  #tell(decisions: readonly Decision[]): void {
    for (const decision of decisions) {
      const client = this.#clients.get(decision.peer)
      if (!client) continue
      if (decision.kind === 'off') this.#later(() => client.onOff(decision.retryMs))
      else {
        const token = this.token(client.id, client.ability)
        this.#later(() => client.onParents(decision.parents, token))
      }
    }
  }

  /** A signature of the origin's, over a chunk that hashes to something else than what came. */
  #isProven({ track, number, chunk, signed, signature, hash }: PollutionProof): boolean {
    const cut = this.#options.stream.find(track, number)?.cut
    const isOurs = cut !== undefined && Buffer.compare(cut.signed, signed) === 0
    const isSigned = isOurs && Buffer.compare(cut.signature, signature) === 0
    const wanted = cut?.meta.chunkHashes[chunk]
    return isSigned && wanted !== undefined && Buffer.compare(wanted, hash) !== 0
  }

  #later(act: () => void): void {
    this.#options.clock.after(this.#options.delayMs, act)
  }

  #tick(): void {
    this.#options.clock.after(TICK_MS, () => {
      this.#tell(this.coordinator.tick())
      this.#tick()
    })
  }
}

export interface Report {
  ability: Ability
  facts: PeerFacts
  bytes: { cascade: number; http: number }
}
