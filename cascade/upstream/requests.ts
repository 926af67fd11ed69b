/** What a parent is asked to push, SUBSCRIBE, and what this end remembers of it. */
import type { Clock } from '../clock.ts'
import type { Parent } from './parent.ts'

export interface RequestsOptions {
  program: string
  rendition: string
  clock: Clock
}

const NO_TOKEN = new Uint8Array(0)

export class Requests {
  readonly #options: RequestsOptions
  /** Shown on new links. */
  token: Uint8Array = NO_TOKEN

  constructor(options: RequestsOptions) {
    this.#options = options
  }

  /** The first word on a link, from the next part on. */
  open(parent: Parent, stripes: number): void {
    this.#send(parent, stripes, 0, this.token)
  }

  ask(parent: Parent, stripes: number, from: number): void {
    this.#send(parent, stripes, from, NO_TOKEN)
  }

  #send(parent: Parent, stripes: number, from: number, token: Uint8Array): void {
    const { program, rendition, clock } = this.#options
    parent.subscription.change(from, stripes)
    parent.noteBearing(clock.now())
    parent.link.send({ type: 'subscribe', stripes, from, program, rendition, token })
  }
}
