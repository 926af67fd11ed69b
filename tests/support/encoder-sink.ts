/** Takes in what an encoder writes, as the origin does, and keeps it: one fragmented MP4 a rendition. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseInit, type Sample } from '../../media/fragment.ts'
import { FragmentStream } from '../../media/fragment-stream.ts'

export interface TakenIn {
  init: Uint8Array
  timescale: number
  samples: Sample[]
  /** As it came. */
  bytes: Buffer
}

export interface EncoderSink {
  url: (rendition: string) => string
  find: (rendition: string) => TakenIn
  close: () => Promise<unknown>
}

export async function openEncoderSink(): Promise<EncoderSink> {
  const bodies = new Map<string, Buffer[]>()
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    bodies.set((req.url ?? '').slice(1), chunks)
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('error', () => {})
    req.on('end', () => res.writeHead(204).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: (rendition) => `http://127.0.0.1:${port}/${rendition}`,
    find: (rendition) => read(Buffer.concat(bodies.get(rendition) ?? [])),
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

function read(bytes: Buffer): TakenIn {
  const taken: TakenIn = { init: new Uint8Array(), timescale: 1, samples: [], bytes }
  for (const event of new FragmentStream().push(bytes)) {
    if (event.kind === 'samples') taken.samples.push(...event.samples)
    else Object.assign(taken, { init: event.bytes, timescale: parseInit(event.bytes).timescale })
  }
  return taken
}
