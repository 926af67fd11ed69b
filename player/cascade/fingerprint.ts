/** The DTLS certificate that stands for this peer (RFC 8122, 5): made once, named in its join token, shown to every other peer. */

const SHA_256 = /^a=fingerprint:sha-256 ((?:[0-9a-f]{2}:){31}[0-9a-f]{2})\s*$/im
const KEY: EcKeyGenParams = { name: 'ECDSA', namedCurve: 'P-256' }

/** The fingerprint in a description, as `AB:CD:…`; null where there is none. */
export function fingerprintOf(sdp: string): string | null {
  return SHA_256.exec(sdp)?.[1]?.toUpperCase() ?? null
}

export interface Identity {
  certificate: RTCCertificate
  fingerprint: string
}

/** Throws where the browser cannot make one. */
export async function createIdentity(): Promise<Identity> {
  const certificate = await RTCPeerConnection.generateCertificate(KEY)
  const fingerprint = readFingerprint(certificate) ?? (await describeFingerprint(certificate))
  return { certificate, fingerprint }
}

function readFingerprint(certificate: RTCCertificate): string | null {
  const all = 'getFingerprints' in certificate ? certificate.getFingerprints() : []
  return all.find(({ algorithm }) => algorithm === 'sha-256')?.value?.toUpperCase() ?? null
}

/** Firefox does not say it of the certificate itself. */
async function describeFingerprint(certificate: RTCCertificate): Promise<string> {
  const connection = new RTCPeerConnection({ certificates: [certificate] })
  try {
    connection.createDataChannel('')
    const fingerprint = fingerprintOf((await connection.createOffer()).sdp ?? '')
    if (fingerprint === null) throw new Error('the browser names no sha-256 fingerprint')
    return fingerprint
  } finally {
    connection.close()
  }
}
