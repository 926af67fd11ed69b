/** What was measured over real stacks, done on the model: parts of 200 ms over one or more associations side by side. */
import { chunkBytesFor } from '../../../media/signature.ts'
import { EventQueue } from '../event-queue.ts'
import { seededRandom } from '../random.ts'
import { Association } from './association.ts'
import { FluidQueue } from './fluid-queue.ts'
import { Path, type Hiccups } from './path.ts'
import type { StackProfile } from './stack.ts'

export interface BenchCase {
  rttMs: number
  /** 0 to 1, each packet by itself. */
  loss: number
  mbps: number
  associations: number
  stack: StackProfile
  seconds: number
  seed: number
  hiccups?: Hiccups
}

const PART_MS = 200

/** Completion times of the parts, ms, in order of size; one that is not there at the end counts as long as it has waited. */
export function partTimes(options: BenchCase): number[] {
  const { mbps, seconds, seed } = options
  const clock = new EventQueue()
  const partBytes = (mbps * 1000 * PART_MS) / 8
  const messages = Math.ceil(partBytes / chunkBytesFor(partBytes))
  const times: number[] = []
  const parts: { startMs: number; missing: number }[] = []
  const random = seededRandom(seed)
  const deliver = (message: Uint8Array): void => {
    const part = parts[new DataView(message.buffer).getUint32(0)]
    if (!part) return
    part.missing -= 1
    if (part.missing === 0) times.push(clock.now() - part.startMs)
  }
  const links = Array.from({ length: options.associations }, () =>
    associationOf(options, { clock, seed: random.below(2 ** 32), deliver }),
  )
  for (let index = 0; index < (seconds * 1000) / PART_MS; index += 1)
    clock.at(index * PART_MS, () => {
      parts.push({ startMs: clock.now(), missing: messages })
      for (let number = 0; number < messages; number += 1)
        links[number % links.length]?.send('media', numbered(index, Math.ceil(partBytes / messages)))
    })
  clock.runUntil(seconds * 1000)
  const unfinished = parts.filter(({ missing }) => missing > 0).map(({ startMs }) => clock.now() - startMs)
  return [...times, ...unfinished].sort((a, b) => a - b)
}

/** How often a minute nothing at all came for longer than `limitMs`, with 2 Mbit/s and a heartbeat every 50 ms. */
export function silencesPerMinute(options: BenchCase, limitMs: number): number {
  const { mbps, seconds, seed } = options
  const clock = new EventQueue()
  const partBytes = (mbps * 1000 * PART_MS) / 8
  const messages = Math.ceil(partBytes / chunkBytesFor(partBytes))
  let lastMs = 0
  let silences = 0
  const deliver = (): void => {
    if (clock.now() - lastMs > limitMs) silences += 1
    lastMs = clock.now()
  }
  const link = associationOf(options, { clock, seed, deliver })
  for (let atMs = 0; atMs < seconds * 1000; atMs += 50)
    clock.at(atMs, () => link.send('heartbeat', numbered(atMs, 60)))
  for (let atMs = 0; atMs < seconds * 1000; atMs += PART_MS)
    clock.at(atMs, () => {
      for (let number = 0; number < messages; number += 1)
        link.send('media', numbered(atMs, Math.ceil(partBytes / messages)))
    })
  clock.runUntil(seconds * 1000)
  return (silences / seconds) * 60
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

function associationOf(
  { rttMs, loss, stack, hiccups }: BenchCase,
  { clock, seed, deliver }: { clock: EventQueue; seed: number; deliver: (message: Uint8Array) => void },
): Association {
  const random = seededRandom(seed)
  const pathOf = (): Path =>
    new Path({
      uplink: new FluidQueue(Infinity),
      downlink: new FluidQueue(Infinity),
      delayMs: rttMs / 2,
      loss: { share: loss, meanBurst: 1 },
      ...(hiccups && { hiccups }),
      random,
    })
  return new Association({
    clock,
    path: pathOf(),
    back: pathOf(),
    sender: stack,
    receiver: stack,
    deliver: (_, message) => deliver(message),
    mediaLifetimeMs: Infinity,
  })
}

function numbered(index: number, bytes: number): Uint8Array {
  const message = new Uint8Array(bytes)
  new DataView(message.buffer).setUint32(0, index)
  return message
}
