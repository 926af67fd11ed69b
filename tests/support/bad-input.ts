/** What the RTMP port is sent by those who are no publishers, or bad ones: each must cost nobody but its sender. */

import { randomBytes } from 'node:crypto'
import { encodeValues, RtmpClient, COMMAND, SET_CHUNK_SIZE } from './rtmp-client.ts'

export interface BadInput {
  name: string
  /** How far the sender comes before it misbehaves. */
  start: 'bare' | 'shaken' | 'ready' | 'publishing'
  send: (client: RtmpClient) => void
}

const MEGABYTE = 1024 * 1024
const WINDOW_ACK_SIZE = 5

export const BAD_INPUTS: readonly BadInput[] = [
  {
    name: 'garbage from the first byte',
    start: 'bare',
    send: (it) => it.write(Buffer.concat([Buffer.of(7), randomBytes(MEGABYTE)])),
  },
  {
    name: 'garbage in the handshake’s clothes',
    start: 'bare',
    send: (it) => it.write(Buffer.concat([Buffer.of(3), randomBytes(MEGABYTE)])),
  },
  { name: 'garbage after the handshake', start: 'shaken', send: (it) => it.write(randomBytes(MEGABYTE)) },
  { name: 'garbage of a publisher', start: 'publishing', send: (it) => it.write(randomBytes(MEGABYTE)) },
  {
    name: 'a browser’s GET',
    start: 'bare',
    send: (it) => it.write(Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')),
  },
  {
    name: 'a TLS hello',
    start: 'bare',
    send: (it) => it.write(Buffer.from('16030100c8010000c40303', 'hex')),
  },
  { name: 'chunk size 0', start: 'ready', send: (it) => it.setChunkSize(0) },
  { name: 'chunk size 2³²−1', start: 'ready', send: (it) => it.setChunkSize(0xffffffff) },
  { name: 'chunk size 0 of a publisher', start: 'publishing', send: (it) => it.setChunkSize(0) },
  ...[SET_CHUNK_SIZE, 2, 3, WINDOW_ACK_SIZE, 6].map((type): BadInput => {
    return { name: `an empty control message ${type}`, start: 'ready', send: (it) => sendEmpty(it, type) }
  }),
  {
    name: 'a control message of two bytes',
    start: 'ready',
    send: (it) => it.write(it.message(WINDOW_ACK_SIZE, Buffer.of(0, 1))),
  },
  {
    name: 'connect without a tcUrl',
    start: 'shaken',
    send: (it) => it.command('connect', 1, [{ app: 'live' }]),
  },
  { name: 'connect with a broken tcUrl', start: 'shaken', send: (it) => it.connect('live', 'not a url') },
  {
    name: 'connect with a tcUrl that is no text',
    start: 'shaken',
    send: (it) => it.command('connect', 1, [{ app: 'live', tcUrl: 7 }]),
  },
  {
    name: 'connect without an app',
    start: 'shaken',
    send: (it) => it.command('connect', 1, [{ tcUrl: 'rtmp://a/live' }]),
  },
  { name: 'connect with nothing', start: 'shaken', send: (it) => it.command('connect', 1, []) },
  { name: 'publish without a name', start: 'ready', send: (it) => it.command('publish', 5, [null], 1) },
  {
    name: 'publish with a name that is no text',
    start: 'ready',
    send: (it) => it.command('publish', 5, [null, { a: 1 }], 1),
  },
  { name: 'publish before connect', start: 'shaken', send: (it) => it.publish('good') },
  { name: 'publish twice', start: 'publishing', send: (it) => it.publish('good') },
  { name: 'play without a name', start: 'ready', send: (it) => it.command('play', 5, [null], 1) },
  {
    name: 'a command cut short',
    start: 'shaken',
    send: (it) => it.write(it.message(COMMAND, encodeValues(['connect', 1]).subarray(0, -3))),
  },
  {
    name: 'a command of no values',
    start: 'shaken',
    send: (it) => it.write(it.message(COMMAND, Buffer.of(0x0a, 0xff, 0xff, 0xff, 0xff))),
  },
  {
    name: 'objects within objects',
    start: 'shaken',
    send: (it) => it.write(it.message(COMMAND, nested(1000))),
  },
  {
    name: 'a message of 16 MB',
    start: 'ready',
    send: (it) => it.write(it.message(9, Buffer.alloc(100), { length: 0xffffff })),
  },
  {
    name: 'a message of 16 MB of a publisher',
    start: 'publishing',
    send: (it) => it.write(it.message(9, Buffer.alloc(100), { length: 0xffffff })),
  },
  {
    name: 'a command of a megabyte of a publisher',
    start: 'publishing',
    send: (it) => it.write(it.message(COMMAND, Buffer.alloc(MEGABYTE))),
  },
  { name: 'a thousand chunk streams', start: 'ready', send: sendManyChunkStreams },
  { name: 'a message that becomes shorter on its way', start: 'publishing', send: sendShrinking },
  { name: 'questions without reading the answers', start: 'ready', send: sendQuestions },
  { name: 'one byte at a time', start: 'bare', send: sendSlowly },
  { name: 'nothing at all', start: 'bare', send: () => {} },
  { name: 'a handshake and nothing more', start: 'shaken', send: () => {} },
  { name: 'a connection that never publishes', start: 'ready', send: () => {} },
  { name: 'a publisher that sends nothing', start: 'publishing', send: () => {} },
]

/** Sends one bad input over a connection of its own, which is left to the server to close. */
export async function sendBadInput(port: number, input: BadInput, key: string): Promise<RtmpClient> {
  const client = await openAs(port, input.start, key)
  input.send(client)
  return client
}

async function openAs(port: number, start: BadInput['start'], key: string): Promise<RtmpClient> {
  if (start === 'publishing') return RtmpClient.publisher(port, key)
  if (start === 'ready') return RtmpClient.ready(port)
  const client = await RtmpClient.open(port)
  if (start === 'shaken') await client.handshake()
  return client
}

/** The byte behind it makes the parser look at it. */
function sendEmpty(client: RtmpClient, type: number): void {
  client.write(Buffer.concat([client.message(type, Buffer.alloc(0), { chunkStream: 2 }), Buffer.of(3)]))
}

function sendManyChunkStreams(client: RtmpClient): void {
  for (let n = 0; n < 1000; n++)
    client.write(client.message(9, Buffer.alloc(128), { chunkStream: 64 + n, length: 4000 }))
}

/** Two chunks of a long message, and a new header that says it has ten bytes. */
function sendShrinking(client: RtmpClient): void {
  client.setChunkSize(128)
  const long = client.message(9, Buffer.alloc(256), { chunkStream: 6, length: 1000 })
  client.write(Buffer.concat([long, client.message(9, Buffer.alloc(10), { chunkStream: 6 })]))
}

function sendQuestions(client: RtmpClient): void {
  client.socket.pause()
  const questions = Array.from({ length: 500 }, () =>
    client.message(COMMAND, encodeValues(['createStream', 1, null])),
  )
  for (let n = 0; n < 10; n++) client.write(Buffer.concat(questions))
  // A paused socket does not notice that it was closed.
  setTimeout(() => client.socket.resume(), 400)
}

function sendSlowly(client: RtmpClient): void {
  client.write(Buffer.of(3))
  const timer = setInterval(() => client.write(Buffer.of(0)), 20)
  client.socket.once('close', () => clearInterval(timer))
}

function nested(depth: number): Buffer {
  const open = Array.from({ length: depth }, () => Buffer.of(3, 0, 1, 0x61))
  return Buffer.concat([encodeValues(['connect', 1]), ...open, Buffer.of(5)])
}
