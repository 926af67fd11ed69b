/** Whether who asks to be a child may be one: there is room, and its token says so, under the origin's signature, for this very link. */
import type { DenyReason } from '../frame/frame.ts'
import type { PeerOptions } from '../peer-options.ts'
import type { PeerId } from '../peer-id.ts'
import { checkToken, parseToken, type ParsedToken } from '../token.ts'

export interface Applicant {
  child: PeerId
  fingerprint: string
  token: Uint8Array
}

interface AdmissionOptions extends Pick<
  PeerOptions,
  'room' | 'program' | 'rendition' | 'wallNow' | 'verifier'
> {
  /** There is no room for another child. */
  isFull: () => boolean
}

export class Admission {
  readonly #options: AdmissionOptions

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** Null where it may come in. At once where the verifier answers at once. */
  check({ child, fingerprint, token }: Applicant): DenyReason | null | Promise<DenyReason | null> {
    if (this.#options.isFull()) return 'full'
    const parsed = read(token)
    if (!parsed) return 'token'
    const { room, program, rendition, wallNow, verifier } = this.#options
    const expected = {
      room,
      program,
      rendition,
      peer: child,
      remoteFingerprint: fingerprint,
      nowMs: wallNow(),
    }
    const fault = checkToken(parsed, expected, verifier)
    const reasonOf = (found: unknown): DenyReason | null => (found === null ? null : 'token')
    return fault instanceof Promise ? fault.then(reasonOf) : reasonOf(fault)
  }
}

function read(token: Uint8Array): ParsedToken | null {
  try {
    return parseToken(token)
  } catch {
    return null
  }
}
