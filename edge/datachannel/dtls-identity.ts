/**
 * A key and a self-signed certificate for DTLS, known to others by its fingerprint alone (RFC 8827, 6.5). One for all connections
 * of a process, so that peers can be told it beforehand; Node makes keys, but no certificates.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

export interface DtlsIdentity {
  certificatePem: string
  keyPem: string
  /** SHA-256 of the certificate, as SDP writes it: `AB:CD:…`. */
  fingerprint: string
}

/** ecdsa-with-SHA256 (RFC 5758, 3.2). */
const ECDSA_SHA256 = [1, 2, 840, 10045, 4, 3, 2]
/** commonName (RFC 5280, A.1). */
const COMMON_NAME = [2, 5, 4, 3]
const DAY_MS = 86_400_000
const VALID_DAYS = 365

export function createDtlsIdentity(nowMs: number = Date.now()): DtlsIdentity {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(tlv(0x31, sequence(objectId(COMMON_NAME), tlv(0x0c, Buffer.from('headwater')))))
  const algorithm = sequence(objectId(ECDSA_SHA256))
  // RFC 5280, 4.1: version 1 has no extensions, and needs none.
  const body = sequence(
    tlv(0x02, Buffer.concat([Buffer.of(1), randomBytes(15)])),
    algorithm,
    name,
    sequence(utcTime(nowMs - DAY_MS), utcTime(nowMs + VALID_DAYS * DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = sign('sha256', body, privateKey)
  const certificate = sequence(body, algorithm, tlv(0x03, Buffer.concat([Buffer.of(0), signature])))
  return {
    certificatePem: pem('CERTIFICATE', certificate),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    fingerprint: fingerprintOf(certificate),
  }
}

function fingerprintOf(certificate: Buffer): string {
  const hex = createHash('sha256').update(certificate).digest('hex').toUpperCase()
  return hex.match(/../g)?.join(':') ?? ''
}

// DER, ITU-T X.690: tag, length, value.
function tlv(tag: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(value.length)]), value])
}

/** In the shortest form (10.1): browsers refuse a certificate that has any other. */
function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length]
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
}

function sequence(...values: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(values))
}

function objectId([first = 0, second = 0, ...rest]: number[]): Buffer {
  const bytes = [first * 40 + second]
  for (const arc of rest) {
    const digits = [arc & 0x7f]
    for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
    bytes.push(...digits)
  }
  return tlv(0x06, Buffer.from(bytes))
}

function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)
  return tlv(0x17, Buffer.from(`${digits}Z`))
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
