/** RTMP conversations, good and hostile, damaged at random: a session takes what it may, ends, and throws nothing. */
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FlvTag } from '../../media/flv-tag.ts'
import { RtmpSession, type EndReason } from '../../origin/ingest/rtmp-session.ts'
import { eventually } from '../support/eventually.ts'
import { cutAt, cuts, inPiecesOf } from '../support/chunked.ts'
import { MemorySocket } from '../support/memory-socket.ts'
import { damaged, fuzzRuns, readCorpus, type Seed } from './corpus.ts'

interface Outcome {
  tags: FlvTag[]
  ends: EndReason[]
  problems: string[]
  writtenBytes: number
  /** How many pieces had been said when it was asked who publishes. */
  askedAfter: number | null
}

/** C0, C1 and C2: what is damaged there seldom gets any farther. */
const HANDSHAKE_BYTES = 1 + 2 * 1536
/** Three answers to the handshake, an answer to each command, and one ACK for each megabyte. */
const MAX_ANSWER_SHARE = 64
const SILENCE_LIMIT_MS = 2000

/** A whole connection: every piece in a turn of its own, then the peer hangs up. Resolves once the session has let go. */
async function converse(pieces: readonly Uint8Array[]): Promise<Outcome> {
  const socket = new MemorySocket()
  const outcome: Outcome = { tags: [], ends: [], problems: [], writtenBytes: 0, askedAfter: null }
  let said = 0
  const session = new RtmpSession({
    socket: socket.asSocket,
    remoteAddress: '127.0.0.1',
    authorise: async ({ streamName }) => {
      outcome.askedAfter ??= said
      await turn()
      if (!streamName.startsWith('good')) return { description: 'wrong stream key' }
      return {
        receive: (tag) => void outcome.tags.push(tag),
        overrun: () => session.refuse('too much'),
        end: (reason) => void outcome.ends.push(reason),
      }
    },
    silenceLimitMs: SILENCE_LIMIT_MS,
    onProblem: (problem) => void outcome.problems.push(problem),
  })
  for (const piece of pieces) {
    said++
    socket.say(piece)
    if (said % 64 === 0 || pieces.length < 64) await turn()
  }
  socket.hangUp()
  // A session that decides about a key has paused its socket, which then does not see its end.
  await eventually(() => socket.destroyed, SILENCE_LIMIT_MS + 1000)
  session.close('closed')
  outcome.writtenBytes = socket.writtenBytes
  return outcome
}

/** Encoders wait for the answer to publish, so what they say behind it is a piece of its own: media that comes with it is lost. */
async function withLandmarks(seed: Seed): Promise<Seed> {
  const { askedAfter } = await converse(inPiecesOf(seed.bytes, 1))
  return { ...seed, landmarks: [HANDSHAKE_BYTES, ...(askedAfter === null ? [] : [askedAfter])] }
}

const SEEDS = await Promise.all(readCorpus('rtmp').map(withLandmarks))

describe.each(SEEDS)('$name', ({ name, bytes }) => {
  it(name.startsWith('good-') ? 'is published to its end' : 'is closed', async () => {
    const { tags, ends, problems } = await converse(inPiecesOf(bytes, 1))
    if (!name.startsWith('good-')) {
      expect(tags).toEqual([])
      return expect((await converse([bytes])).problems.length).toBeLessThanOrEqual(1)
    }
    expect(problems).toEqual([])
    expect(tags.length).toBeGreaterThan(5)
    expect(ends).toEqual(['unpublished'])
  })
})

it('is the same conversation in whatever pieces it comes', async () => {
  const good = SEEDS.filter(({ name }) => name.startsWith('good-'))
  const whole = new Map<Seed, FlvTag[]>()
  for (const seed of good) whole.set(seed, (await converse(inPiecesOf(seed.bytes, 1))).tags)
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...good), cuts, async (seed, fractions) => {
      const { bytes, landmarks = [] } = seed
      const published = landmarks.at(-1) ?? 0
      const pieces = [bytes.subarray(0, published), ...cutAt(bytes.subarray(published), fractions)]
      expect((await converse(pieces)).tags).toEqual(whole.get(seed))
    }),
    fuzzRuns(30),
  )
})

it('ends every damaged conversation, having kept no more than was sent and said little', async () => {
  await fc.assert(
    fc.asyncProperty(damaged(SEEDS), cuts, async ({ head, tail }, fractions) => {
      const { tags, ends, problems, writtenBytes } = await converse([head, ...cutAt(tail, fractions)])
      const sentBytes = head.length + tail.length
      expect(tags.reduce((sum, { data }) => sum + data.length, 0)).toBeLessThanOrEqual(sentBytes)
      expect(ends.length).toBeLessThanOrEqual(1)
      expect(problems.length).toBeLessThanOrEqual(1)
      expect(writtenBytes).toBeLessThan(3 * HANDSHAKE_BYTES + sentBytes * MAX_ANSWER_SHARE)
    }),
    fuzzRuns(400),
  )
})
