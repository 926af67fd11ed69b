/** The room's signalling as those use it who have more to say than how the room is. */

export interface ChannelListener {
  /** A message of the kind listened for, as it came. */
  onMessage(message: unknown): void
  /** The server has let us in, at first or anew. */
  onOpen(): void
}

export interface RoomChannel {
  readonly isOpen: boolean
  /** False: not sent, there is no connection. */
  send(message: { type: string }): boolean
  /** Hears of messages whose type begins so. Returns the way to stop. */
  listen(prefix: string, listener: ChannelListener): () => void
}
