/** Where a viewer is, as a word that tells nothing else: viewers of one network have the same one. */
import { createHmac } from 'node:crypto'
import { networkOf } from '../../room/failure-limiter.ts'

export function localityOf(address: string, seed: Uint8Array): string {
  const plain = address.replace(/^::ffff:/, '')
  const network = plain.includes(':') ? networkOf(plain) : plain.split('.').slice(0, 3).join('.')
  return createHmac('sha256', seed).update(network).digest('base64url').slice(0, 8)
}
