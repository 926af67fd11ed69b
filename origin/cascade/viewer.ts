/** A viewer as the cascade's host sees it: one connection to the signalling. */
import type { CascadeServerMessage } from '../../cascade/messages.ts'

export interface CascadeViewer {
  readonly roomId: string | null
  /** Of its socket, or as a trusted proxy says. */
  readonly address: string
  /** What it calls itself; null for nothing. */
  readonly userId: string | null
  send(message: CascadeServerMessage): void
}
