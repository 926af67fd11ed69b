import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../../tests/support/eventually.ts'
import { audioTag, metadataTag, videoHeaderTag, videoTag } from '../../tests/support/flv-tags.ts'
import { startIngest, type RunningIngest } from '../../tests/support/ingest.ts'
import { encodeValues, RtmpClient } from '../../tests/support/rtmp-client.ts'
import { MESSAGES_AT_ONCE } from './message-budget.ts'

const closing: (() => Promise<void>)[] = []

async function start(...args: Parameters<typeof startIngest>): Promise<RunningIngest> {
  const ingest = await startIngest(...args)
  closing.push(() => ingest.listener.close())
  return ingest
}

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

describe('a publisher with the right key', () => {
  it('is heard: every tag, in order, with its time', async () => {
    const ingest = await start()
    const client = await RtmpClient.publisher(ingest.port, 'good')
    const sent = [
      metadataTag({ width: 640 }),
      videoHeaderTag(),
      videoTag(0, { keyframe: true, bytes: 20_000 }),
      audioTag(21),
      videoTag(33),
    ]
    for (const tag of sent) client.media(tag)
    await eventually(() => ingest.find('good').tags.length === sent.length)
    expect(ingest.find('good').tags).toEqual(sent)
  })

  it('may put parameters behind its key', async () => {
    const ingest = await start()
    await RtmpClient.publisher(ingest.port, 'good?bandwidth=1')
    expect(ingest.asked[0]?.streamName).toBe('good')
  })

  it('is told that it publishes, in words without its key', async () => {
    const ingest = await start()
    const client = await RtmpClient.publisher(ingest.port, 'good_secret')
    expect(JSON.stringify(client.answers)).not.toContain('secret')
    expect(ingest.log.text()).not.toContain('secret')
  })

  it('sees its media kept though the parser uses its buffers again', async () => {
    const ingest = await start()
    const client = await RtmpClient.publisher(ingest.port, 'good')
    for (let n = 0; n < 50; n++)
      client.media({ type: 'audio', timestampMs: n, data: Uint8Array.of(0xaf, 1, n) })
    await eventually(() => ingest.find('good').tags.length === 50)
    expect(ingest.find('good').tags.map(({ data }) => data[2])).toEqual(
      Array.from({ length: 50 }, (_, n) => n),
    )
  })

  it('may send empty media', async () => {
    const ingest = await start()
    const client = await RtmpClient.publisher(ingest.port, 'good')
    client.media({ type: 'video', timestampMs: 0, data: new Uint8Array() })
    client.media(audioTag(5))
    await eventually(() => ingest.find('good').tags.length === 1)
    expect(ingest.find('good').end).toBeNull()
  })

  it.each(['deleteStream', 'FCUnpublish', 'closeStream'])('ends with %s', async (goodbye) => {
    const ingest = await start()
    const client = await RtmpClient.publisher(ingest.port, 'good')
    client.command(goodbye, 7, [null, goodbye === 'deleteStream' ? 1 : 'good'])
    await client.closed()
    expect(ingest.find('good').end).toBe('unpublished')
  })

  it('ends with its connection', async () => {
    const ingest = await start()
    const client = await RtmpClient.publisher(ingest.port, 'good')
    client.end()
    await eventually(() => ingest.find('good').end === 'closed')
    await eventually(() => ingest.listener.connections === 0)
  })

  it('goes on when its clock passes 32 bits, by deltas', async () => {
    const ingest = await start()
    const client = await RtmpClient.publisher(ingest.port, 'good')
    client.media(audioTag(0xffffffff - 10))
    // A header of type 1: a delta of 40 ms, the length and the type; then the payload.
    const { data } = audioTag(0)
    for (let n = 0; n < 3; n++)
      client.write(Buffer.concat([Buffer.of(0x44, 0, 0, 40, 0, 0, data.length, 8), data]))
    await eventually(() => ingest.find('good').tags.length === 4)
    expect(ingest.find('good').tags.map(({ timestampMs }) => timestampMs)).toEqual([
      0xffffffff - 10,
      29,
      69,
      109,
    ])
  })

  it('is told how much was read, as its window asks', async () => {
    const ingest = await start()
    const client = await RtmpClient.publisher(ingest.port, 'good')
    const before = client.socket.bytesRead
    for (let n = 0; n < 12; n++) client.media(videoTag(n, { bytes: 200_000 }))
    await eventually(() => client.socket.bytesRead > before)
  })
})

describe('a publisher refused after it was accepted', () => {
  it('is told why, then disconnected', async () => {
    const ingest = await start()
    const client = await RtmpClient.publisher(ingest.port, 'good')
    client.media(audioTag(0))
    await eventually(() => ingest.find('good').tags.length === 1)
    ingest.find('good').session.refuse('video in hevc is not taken: set H.264')
    await client.closed()
    expect(client.status).toEqual({
      level: 'error',
      code: 'NetStream.Publish.Rejected',
      description: 'video in hevc is not taken: set H.264',
    })
    expect(ingest.find('good').end).toBe('refused')
  })

  it('is heard no more, though it goes on sending', async () => {
    const ingest = await start()
    const client = await RtmpClient.publisher(ingest.port, 'good')
    ingest.find('good').session.refuse('no')
    const sending = setInterval(() => client.media(audioTag(1)), 1)
    await client.closed().finally(() => clearInterval(sending))
    expect(client.status?.code).toBe('NetStream.Publish.Rejected')
    expect(ingest.find('good').tags).toEqual([])
  })
})

describe('a publisher with a wrong key', () => {
  it('is told so as an error, and disconnected', async () => {
    const ingest = await start()
    const client = await RtmpClient.ready(ingest.port)
    client.publish('bad')
    await client.closed()
    expect(client.status).toEqual({
      level: 'error',
      code: 'NetStream.Publish.BadName',
      description: 'wrong stream key',
    })
    expect(client.answers.filter(([name]) => name === 'onStatus').length).toBe(1)
  })

  it('reads why before it is cut off, though it goes on sending', async () => {
    const ingest = await start()
    const client = await RtmpClient.ready(ingest.port)
    client.publish('bad')
    const sending = setInterval(() => client.media(videoTag(0, { keyframe: true, bytes: 100 })), 1)
    await client.closed().finally(() => clearInterval(sending))
    expect(client.status?.code).toBe('NetStream.Publish.BadName')
    expect(ingest.received).toEqual([])
  })

  it('is not heard in what it sends before it is answered, in one write with publish', async () => {
    const ingest = await start()
    const client = await RtmpClient.ready(ingest.port)
    client.socket.cork()
    client.publish('bad')
    for (let n = 0; n < 20; n++) client.media(audioTag(n))
    client.socket.uncork()
    await client.closed()
    expect(ingest.received).toEqual([])
  })

  it('is asked for no more bytes while its key is checked', async () => {
    let decide: (mayPublish: boolean) => void = () => {}
    const ingest = await start({}, () => new Promise<boolean>((resolve) => (decide = resolve)))
    const client = await RtmpClient.ready(ingest.port)
    client.publish('anyone')
    await eventually(() => ingest.asked.length === 1)
    for (let n = 0; n < 100; n++) client.media(audioTag(n))
    decide(false)
    await client.closed()
    expect(ingest.received).toEqual([])
  })

  it('that is gone before the answer leaves nothing open', async () => {
    let decide: (mayPublish: boolean) => void = () => {}
    const ingest = await start(
      { silenceLimitMs: 300 },
      () => new Promise<boolean>((resolve) => (decide = resolve)),
    )
    const client = await RtmpClient.ready(ingest.port)
    client.publish('anyone')
    await eventually(() => ingest.asked.length === 1)
    client.end()
    await eventually(() => ingest.listener.connections === 0)
    decide(true)
    await eventually(() => ingest.received[0]?.end === 'closed')
  })

  it('learns nothing when the check itself fails', async () => {
    const ingest = await start({}, () => Promise.reject(new Error('disk on fire')))
    const client = await RtmpClient.ready(ingest.port)
    client.publish('anyone')
    await client.closed()
    expect(client.status?.code).toBe('NetStream.Publish.BadName')
    expect(client.status?.description).not.toContain('fire')
  })
})

describe('a player', () => {
  it('is refused, and what it sends reaches nobody', async () => {
    const ingest = await start()
    const client = await RtmpClient.ready(ingest.port)
    client.command('play', 5, [null, 'good'], 1)
    for (let n = 0; n < 20; n++) client.media(audioTag(n))
    await client.closed()
    expect(client.status?.code).toBe('NetStream.Play.Failed')
    expect(ingest.asked).toEqual([])
  })
})

describe('silence', () => {
  it('ends a publisher that sends no more media, whatever else it sends', async () => {
    const ingest = await start({ silenceLimitMs: 250 })
    const client = await RtmpClient.publisher(ingest.port, 'good')
    const sending = setInterval(() => client.command('ping', 0, [null]), 20)
    await client.closed(2000).finally(() => clearInterval(sending))
    expect(ingest.find('good').end).toBe('silent')
  })

  it('does not end one that sends, however little', async () => {
    const ingest = await start({ silenceLimitMs: 250 })
    const client = await RtmpClient.publisher(ingest.port, 'good')
    const startedAtMs = Date.now()
    const sending = setInterval(() => client.media(audioTag(Date.now() - startedAtMs, 1)), 50)
    await eventually(() => ingest.find('good').tags.length >= 15).finally(() => clearInterval(sending))
    expect(ingest.find('good').end).toBeNull()
  })
})

describe('closing the port', () => {
  it('ends every connection and says why', async () => {
    const ingest = await startIngest()
    const client = await RtmpClient.publisher(ingest.port, 'good')
    await ingest.listener.close()
    await client.closed()
    expect(ingest.find('good').end).toBe('stopped')
    expect(ingest.listener.connections).toBe(0)
  })

  it('is not held up by one that was just refused', async () => {
    const ingest = await startIngest()
    const client = await RtmpClient.ready(ingest.port)
    client.publish('bad')
    await eventually(() => client.status !== null)
    await ingest.listener.close()
    expect(ingest.listener.connections).toBe(0)
  })
})

describe('connections that do not publish', () => {
  it('make room for newcomers, the oldest first, and never who publishes', async () => {
    const ingest = await start({ maxConnections: 4 })
    const good = await RtmpClient.publisher(ingest.port, 'good1')
    const idle = [await RtmpClient.open(ingest.port), await RtmpClient.open(ingest.port)]
    idle.push(await RtmpClient.open(ingest.port))
    await RtmpClient.publisher(ingest.port, 'good2')
    await idle[0]?.closed()
    expect([good, ...idle].map((each) => each.isClosed)).toEqual([false, true, false, false])
  })

  it('are few of one address, and who comes next can publish', async () => {
    const ingest = await start({ maxWaitingPerAddress: 3 })
    const idle: RtmpClient[] = []
    for (let n = 0; n < 10; n++) idle.push(await RtmpClient.open(ingest.port))
    await eventually(() => ingest.listener.connections === 3)
    const publishers = ['good1', 'good2', 'good3', 'good4', 'good5']
    for (const name of publishers) await RtmpClient.publisher(ingest.port, name)
    expect(idle.slice(0, 7).every((each) => each.isClosed)).toBe(true)
    expect(publishers.map((name) => ingest.find(name).end)).toEqual(publishers.map(() => null))
  })
})

it('logs a flood of malformed connections in a few lines', async () => {
  const ingest = await start()
  const clients = await Promise.all(Array.from({ length: 200 }, () => RtmpClient.open(ingest.port)))
  for (const client of clients) client.write(Buffer.from('GET / HTTP/1.1'))
  await Promise.all(clients.map((client) => client.closed()))
  const lines = ingest.log.lines().filter(({ problem }) => String(problem).includes('version 3'))
  expect(lines.length).toBeGreaterThanOrEqual(1)
  expect(lines.length).toBeLessThan(20)
})

it('takes no more connections than it may', async () => {
  const ingest = await start({ maxConnections: 2 })
  const first = await RtmpClient.publisher(ingest.port, 'good1')
  await RtmpClient.publisher(ingest.port, 'good2')
  const third = await RtmpClient.open(ingest.port)
  await third.closed()
  expect(first.isClosed).toBe(false)
})

it('closes a connection with too much of unfinished messages on its chunk streams', async () => {
  const ingest = await start()
  const client = await RtmpClient.publisher(ingest.port, 'good')
  const options = { streamId: 1, length: 8 * 1024 * 1024 }
  for (let chunkStream = 10; chunkStream < 14; chunkStream++)
    client.write(client.message(9, Buffer.alloc(60_000), { ...options, chunkStream }))
  await client.closed()
  expect(ingest.log.lines().map(({ problem }) => String(problem))).toContainEqual(
    expect.stringContaining('under way'),
  )
})

describe('a flood of messages', () => {
  it.each([
    ['sound', 8, Buffer.of(0xaf, 1, 0)],
    ['empty sound', 8, Buffer.alloc(0)],
    ['metadata', 18, encodeValues(['onMetaData', { width: 1 }])],
    ['commands', 20, encodeValues(['noise', 0, null])],
    ['acknowledgements', 3, Buffer.alloc(4)],
  ])('of %s is read no further than the limit, and told why', async (_, type, payload) => {
    const ingest = await start()
    const client = await RtmpClient.publisher(ingest.port, 'good')
    const message = client.message(type, payload, { chunkStream: 4, streamId: 1 })
    const flood = Buffer.concat(Array.from({ length: 5000 }, () => message))
    for (let n = 0; n < 8; n++) client.write(flood)
    await client.closed()
    expect(client.status?.description).toBe('too much')
    expect(ingest.find('good').tags.length).toBeLessThan(2 * MESSAGES_AT_ONCE)
    expect(ingest.find('good').end).toBe('refused')
  })

  it('before publishing ends the connection', async () => {
    const ingest = await start()
    const client = await RtmpClient.ready(ingest.port)
    const flood = client.message(3, Buffer.alloc(4))
    client.write(Buffer.concat(Array.from({ length: 20_000 }, () => flood)))
    await client.closed()
  })
})

it('reads commands in the middle of media of many chunks', async () => {
  const ingest = await start()
  const client = await RtmpClient.publisher(ingest.port, 'good')
  client.setChunkSize(128)
  const media = client.message(9, Buffer.from(videoTag(0, { keyframe: true, bytes: 1000 }).data), {
    chunkStream: 6,
    streamId: 1,
  })
  const command = client.message(20, encodeValues(['noise', 0, null]), { chunkStream: 3 })
  const cutAt = 12 + 128
  client.write(Buffer.concat([media.subarray(0, cutAt), command, media.subarray(cutAt)]))
  await eventually(() => ingest.find('good').tags.length === 1)
  expect(ingest.find('good').tags[0]?.data.length).toBe(1005)
})

it('does not take a pause of this process for silence of a publisher', async () => {
  const ingest = await start({ silenceLimitMs: 200 })
  const client = await RtmpClient.publisher(ingest.port, 'good')
  client.media(audioTag(0))
  await eventually(() => ingest.find('good').tags.length === 1)
  client.media(audioTag(20))
  const endsAt = Date.now() + 300
  while (Date.now() < endsAt); // nothing is read meanwhile
  await eventually(() => ingest.find('good').tags.length === 2)
  expect(ingest.find('good').end).toBeNull()
})
