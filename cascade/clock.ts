/** Time as the cascade knows it: handed in, so that browsers, roots and the simulator run the same code. */

export interface Clock {
  /** Milliseconds on a steady scale; only differences mean anything. */
  now(): number
  /** Calls back once, `ms` from now; never from inside this call. Returns the way to stop. */
  after(ms: number, act: () => void): () => void
}
