/** Makes the corpus anew: what ffmpeg and our own clients, good and bad, say to the RTMP port, and FLV files. `npx tsx tests/fuzz/record-corpus.ts` */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import { BAD_INPUTS, sendBadInput } from '../support/bad-input.ts'
import { audioTag, metadataTag, videoHeaderTag, videoTag } from '../support/flv-tags.ts'
import { encodeFlvTag, FLV_HEADER } from '../../media/flv-tag.ts'
import { eventually } from '../support/eventually.ts'
import { startIngest } from '../support/ingest.ts'
import { Publisher } from '../support/publisher.ts'
import { RtmpClient } from '../support/rtmp-client.ts'

const MAX_BYTES = 24 * 1024
const SILENCE_LIMIT_MS = 400
const PICTURE = '-v error -y -f lavfi -i testsrc2=s=64x48:r=10 -f lavfi -i sine=r=48000 -t 1'
const CODECS =
  '-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -b:v 60k -g 5 -c:a aac -b:a 32k -f flv'

const ingest = await startIngest({ silenceLimitMs: SILENCE_LIMIT_MS })
let recorded: Buffer[] = []
const tap = createServer((client) => {
  const server = connect(ingest.port, '127.0.0.1')
  client.on('data', (chunk) => recorded.push(Buffer.from(chunk)))
  client.pipe(server).pipe(client)
  for (const socket of [client, server])
    socket.on('error', () => [client, server].forEach((each) => each.destroy()))
})
await new Promise<void>((resolve) => tap.listen(0, '127.0.0.1', resolve))
const { port } = tap.address() as AddressInfo

await record('good-client', async () => {
  const client = await RtmpClient.publisher(port, 'good')
  const tags = [metadataTag({ width: 64 }), videoHeaderTag(), videoTag(0, { keyframe: true, bytes: 300 })]
  for (const tag of [...tags, audioTag(3), videoTag(100), audioTag(24), videoTag(0xffffff + 5)])
    client.media(tag)
  client.command('deleteStream', 7, [null, 1])
  await client.closed()
})
await record('good-ffmpeg', async () => {
  await new Publisher(`${PICTURE} ${CODECS} rtmp://127.0.0.1:${port}/live/good`.split(' ')).exited
})
for (const input of BAD_INPUTS) {
  await record(`bad-${input.name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}`, async () => {
    await (await sendBadInput(port, input, 'good')).closed(SILENCE_LIMIT_MS + 3000)
  })
}
tap.close()
await ingest.listener.close()
makeFlv()

async function record(name: string, talk: () => Promise<void>): Promise<void> {
  recorded = []
  await talk()
  await eventually(() => ingest.listener.connections === 0)
  const bytes = Buffer.concat(recorded)
  if (name.startsWith('good-') || bytes.length <= MAX_BYTES) keep('rtmp', name, bytes)
}

function makeFlv(): void {
  const file = fileOf('flv', 'good-ffmpeg')
  execFileSync('ffmpeg', [...`${PICTURE} ${CODECS}`.split(' '), file])
  const header = Buffer.from(FLV_HEADER)
  const stream = (...tags: Parameters<typeof encodeFlvTag>[0][]): Buffer =>
    Buffer.concat([header, ...tags.map(encodeFlvTag)])
  const video = (...data: number[]) => ({
    type: 'video' as const,
    timestampMs: 0,
    data: Uint8Array.from(data),
  })
  const audio = (...data: number[]) => ({
    type: 'audio' as const,
    timestampMs: 0,
    data: Uint8Array.from(data),
  })
  const hevc = [...Buffer.from('hvc1')]
  keep(
    'flv',
    'bad-empty-tags',
    stream(video(), audio(), { type: 'script', timestampMs: 0, data: new Uint8Array() }),
  )
  keep('flv', 'bad-tags-of-one-byte', stream(video(0x17), video(0x97), audio(0xaf), audio(0x95)))
  keep(
    'flv',
    'bad-extended-hevc',
    stream(video(0x90, ...hevc, 1, 2), video(0x91, ...hevc, 0, 0, 0, 1), video(0x96, ...hevc)),
  )
  keep('flv', 'bad-extended-cut', stream(video(0x91, ...hevc.slice(0, 2)), audio(0x91, 0x6d)))
  keep(
    'flv',
    'bad-going-back',
    stream(videoHeaderTag(), videoTag(5000, { keyframe: true }), videoTag(10), videoTag(0xfffffff0)),
  )
  keep(
    'flv',
    'bad-metadata',
    stream({
      type: 'script',
      timestampMs: 0,
      data: Uint8Array.of(2, 0, 10, 0x6f, 8, 0xff, 0xff, 0xff, 0xff),
    }),
  )
  keep(
    'flv',
    'bad-length',
    Buffer.concat([header, Buffer.of(9, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3)]),
  )
  keep('flv', 'bad-no-flv', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'))
}

function keep(folder: string, name: string, bytes: Uint8Array): void {
  writeFileSync(fileOf(folder, name), bytes)
}

function fileOf(folder: string, name: string): string {
  return path.join(import.meta.dirname, 'corpus', folder, `${name}.bin`)
}
