/** What checking costs at 2 Mbit/s, as a share of a core: Node's own cryptography, WebCrypto, and pure JavaScript, side by side. */
import { cutChunks } from '../../cascade/chunk.ts'
import { createJsVerifier } from '../../cascade/js-verifier.ts'
import type { Verifier } from '../../cascade/verifier.ts'
import { createNodeVerifier } from '../../edge/root/node-verifier.ts'
import { HASH_BYTES } from '../../media/part.ts'
import { signingInput } from '../../media/signature.ts'
import { FIRST_PART } from '../../media/synthetic-stream.ts'
import { SMALL_AUDIO, SMALL_VIDEO, smallPart, TEST_PUBLIC_KEY } from '../support/small-part.ts'
import { median, round } from './support/statistics.ts'

const BITRATE_KBPS = 2000
const SECONDS = 30
const ROUNDS = 5

/** As a browser has it: answers later. */
async function createWebVerifier(): Promise<Verifier> {
  const { subtle } = globalThis.crypto
  const key = await subtle.importKey('raw', TEST_PUBLIC_KEY.slice(), 'Ed25519', false, ['verify'])
  return {
    verifyMeta: (signed, signature) =>
      subtle.verify('Ed25519', key, signature.slice(), signingInput(signed).slice()),
    verifyToken: () => Promise.resolve(false),
    hashChunk: async (chunk) =>
      new Uint8Array(await subtle.digest('SHA-256', chunk.slice())).subarray(0, HASH_BYTES),
  }
}

const stream = Array.from({ length: SECONDS * 4 }, (_, index) => {
  const number = FIRST_PART + index
  const videoBytes = Math.round((BITRATE_KBPS * 250) / 8 / 7.5)
  return [smallPart(SMALL_VIDEO, number, videoBytes), smallPart(SMALL_AUDIO, number, 340)]
})
  .flat()
  .map(cutChunks)

/** Processor time for the whole stream, all threads, in percent of the time it plays. */
async function costOf(verifier: Verifier): Promise<number> {
  const before = process.cpuUsage()
  for (const { signed, signature, chunks } of stream) {
    if (!(await verifier.verifyMeta(signed, signature))) throw new Error('a good signature was refused')
    for (const chunk of chunks) await verifier.hashChunk(chunk)
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6 / SECONDS
}

const verifiers = {
  native: createNodeVerifier(Buffer.from(TEST_PUBLIC_KEY).toString('base64url')),
  webCrypto: await createWebVerifier(),
  javaScript: createJsVerifier(TEST_PUBLIC_KEY),
}
const shares: Record<keyof typeof verifiers, number[]> = { native: [], webCrypto: [], javaScript: [] }
for (let n = 0; n <= ROUNDS; n++)
  for (const [name, verifier] of Object.entries(verifiers) as [keyof typeof verifiers, Verifier][]) {
    const share = await costOf(verifier)
    // The first round is for the compiler.
    if (n > 0) shares[name].push(share)
  }
const percentOfACore = Object.fromEntries(
  Object.entries(shares).map(([name, samples]) => [
    name,
    {
      median: round((100 * median(samples.map((share) => share * 1000))) / 1000, 3),
      rounds: samples.map((share) => round(100 * share, 3)),
    },
  ]),
)
const chunks = stream.reduce((sum, part) => sum + part.chunks.length, 0)
console.log(
  JSON.stringify(
    {
      benchmark: 'verification',
      ...{
        bitrateKbps: BITRATE_KBPS,
        signaturesASecond: 8,
        chunksASecond: round(chunks / SECONDS),
        rounds: ROUNDS,
      },
      percentOfACore,
    },
    null,
    2,
  ),
)
