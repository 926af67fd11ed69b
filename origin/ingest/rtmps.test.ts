import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../tests/support/eventually.ts'
import { audioTag } from '../../tests/support/flv-tags.ts'
import { startIngest, type RunningIngest } from '../../tests/support/ingest.ts'
import { RtmpClient } from '../../tests/support/rtmp-client.ts'
import { Publisher } from '../../tests/support/publisher.ts'
import type { CertificateFiles } from '../../runtime/certificate.ts'
import { RtmpListener } from './rtmp-listener.ts'

let folder: string
let files: CertificateFiles
const closing: (() => Promise<void>)[] = []

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'headwater-tls-'))
  makeCertificate('first')
  makeCertificate('second')
})

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

afterAll(() => rmSync(folder, { recursive: true }))

function makeCertificate(name: string): void {
  const subject = `-x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=${name}.test`
  const out = ['-keyout', at(`${name}.key`), '-out', at(`${name}.crt`)]
  execFileSync('openssl', ['req', ...subject.split(' '), ...out], { stdio: 'ignore' })
}

function at(name: string): string {
  return path.join(folder, name)
}

/** The files in use, with this certificate in them. */
function install(name: string): CertificateFiles {
  files = { certFile: at('live.crt'), keyFile: at('live.key') }
  copyFileSync(at(`${name}.crt`), files.certFile)
  copyFileSync(at(`${name}.key`), files.keyFile)
  return files
}

async function start(silenceLimitMs = 10_000): Promise<RunningIngest> {
  const ingest = await startIngest({
    certificate: install('first'),
    certificateCheckMs: 20,
    silenceLimitMs,
  })
  closing.push(() => ingest.listener.close())
  return ingest
}

/** The name in the certificate that a new connection is shown. */
function nameShown(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

describe('RTMP over TLS', () => {
  it('takes what ffmpeg publishes', async () => {
    const ingest = await start()
    const tone = '-v error -re -f lavfi -i sine=r=48000 -t 1 -c:a aac -f flv -tls_verify 0'
    const publisher = new Publisher([...tone.split(' '), `rtmps://127.0.0.1:${ingest.port}/live/good`])
    expect(await publisher.exited, publisher.output).toBe(0)
    await eventually(() => ingest.find('good').end !== null)
    expect(ingest.find('good').tags.length).toBeGreaterThan(40)
    expect(ingest.find('good').end).toBe('unpublished')
  })

  it('refuses a wrong key so that the encoder says so', async () => {
    const ingest = await start()
    const tone = '-v error -re -f lavfi -i sine=r=48000 -t 5 -c:a aac -f flv -tls_verify 0'
    const publisher = new Publisher([...tone.split(' '), `rtmps://127.0.0.1:${ingest.port}/live/bad`])
    expect(await publisher.exited).not.toBe(0)
    expect(publisher.output).toContain('wrong stream key')
    expect(ingest.received).toEqual([])
  })

  it('closes what does not speak TLS, and says so in the log', async () => {
    const ingest = await start()
    const client = await RtmpClient.open(ingest.port)
    client.write(Buffer.concat([Buffer.of(3), Buffer.alloc(1536)]))
    await client.closed()
    expect(ingest.log.lines().map(({ problem }) => String(problem))).toContainEqual(
      expect.stringContaining('no TLS'),
    )
  })

  it('closes a handshake that does not come, and one that nothing follows', async () => {
    const ingest = await start(300)
    const silent = connectTcp({ port: ingest.port, host: '127.0.0.1' })
    const shaken = connectTls({ port: ingest.port, host: '127.0.0.1', rejectUnauthorized: false })
    const closed = [silent, shaken].map((socket) => {
      socket.on('error', () => {}).resume()
      return new Promise((resolve) => socket.once('close', resolve))
    })
    await Promise.all(closed)
    await eventually(() => ingest.listener.connections === 0)
  })

  it('waits for nobody when it is closed', async () => {
    const ingest = await start()
    const silent = connectTcp({ port: ingest.port, host: '127.0.0.1' })
    silent.on('error', () => {}).resume()
    await new Promise((resolve) => silent.once('connect', resolve))
    await ingest.listener.close()
  })
})

describe('its certificate', () => {
  it('is renewed while a publisher goes on', async () => {
    const ingest = await start()
    expect(await nameShown(ingest.port)).toBe('first.test')
    const args = '-v error -re -f lavfi -i sine=r=48000 -c:a aac -f flv -tls_verify 0'
    const publisher = new Publisher([...args.split(' '), `rtmps://127.0.0.1:${ingest.port}/live/good`])
    closing.unshift(() => publisher.close())
    await eventually(() => ingest.received.length > 0 && ingest.find('good').tags.length > 0)
    install('second')
    await eventually(async () => (await nameShown(ingest.port)) === 'second.test')
    const { length } = ingest.find('good').tags
    await eventually(() => ingest.find('good').tags.length > length)
    expect(ingest.find('good').end).toBeNull()
  })

  it('stays in force when what comes in its place cannot be used', async () => {
    const ingest = await start()
    writeFileSync(files.certFile, 'half a certificate')
    await eventually(() => ingest.log.text().includes('the old one stays'))
    expect(await nameShown(ingest.port)).toBe('first.test')
  })

  it.each([
    ['is not there', 'none.crt', 'first.key', /none\.crt cannot be read/],
    ['is of another key', 'first.crt', 'second.key', /cannot be used: .*mismatch/],
    ['is no certificate', 'first.key', 'first.key', /cannot be used/],
  ])('that %s ends the start with config_invalid', async (_, cert, key, message) => {
    const listener = new RtmpListener({
      host: '127.0.0.1',
      port: 0,
      logger: (await start()).log.logger,
      authorise: () => Promise.resolve({ description: 'no' }),
      certificate: { certFile: at(cert), keyFile: at(key) },
    })
    await expect(listener.start()).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(message),
    })
  })
})

it('is what a publisher on the plain port need not know of', async () => {
  const ingest = await startIngest()
  closing.push(() => ingest.listener.close())
  const client = await RtmpClient.publisher(ingest.port, 'good')
  client.media(audioTag(0))
  await eventually(() => ingest.find('good').tags.length === 1)
})
