/** A machine in the simulator: its two lines, its SCTP stack, and whether it still lives. */
import type { Clock } from '../../../cascade/clock.ts'
import type { EventQueue } from '../event-queue.ts'
import { FluidQueue } from './fluid-queue.ts'
import type { SimTransport } from './sim-transport.ts'
import type { StackProfile } from './stack.ts'

export interface NodeOptions {
  id: string
  stack: StackProfile
  uplinkKbps: number
  downlinkKbps: number
  /** Between it and the middle of the network, one way. */
  accessMs: number
}

export type NodeState = 'running' | 'frozen' | 'dead'

export class SimNode {
  readonly id: string
  readonly stack: StackProfile
  readonly uplink: FluidQueue
  readonly downlink: FluidQueue
  readonly accessMs: number
  readonly transports = new Set<SimTransport>()
  /** Its own clock: nothing happens in a process that does not run. */
  readonly clock: Clock
  state: NodeState = 'running'
  private readonly queue: EventQueue
  private held: (() => void)[] = []

  constructor(queue: EventQueue, { id, stack, uplinkKbps, downlinkKbps, accessMs }: NodeOptions) {
    this.queue = queue
    this.id = id
    this.stack = stack
    this.uplink = new FluidQueue(uplinkKbps)
    this.downlink = new FluidQueue(downlinkKbps)
    this.accessMs = accessMs
    this.clock = { now: () => queue.now(), after: (ms, act) => this.after(ms, act) }
  }

  /** Calls back only while it runs; what falls due in a freeze happens when it thaws. */
  whenRunning(act: () => void): void {
    if (this.state === 'running') act()
    else if (this.state === 'frozen') this.held.push(act)
  }

  /** The process is killed or its network is gone: nobody is told. */
  kill(): void {
    this.state = 'dead'
    this.held = []
    for (const transport of this.transports) transport.cutOff()
    this.transports.clear()
  }

  freeze(): void {
    if (this.state !== 'running') return
    this.state = 'frozen'
    for (const transport of this.transports) transport.halt()
  }

  thaw(): void {
    if (this.state !== 'frozen') return
    this.state = 'running'
    for (const transport of this.transports) transport.proceed()
    const { held } = this
    this.held = []
    for (const act of held) this.queue.after(0, () => this.whenRunning(act))
  }

  private after(ms: number, act: () => void): () => void {
    let isStopped = false
    const stop = this.queue.after(ms, () =>
      this.whenRunning(() => {
        if (!isStopped) act()
      }),
    )
    return () => {
      isStopped = true
      stop()
    }
  }
}
