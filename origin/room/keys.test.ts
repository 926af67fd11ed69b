import { describe, expect, it } from 'vitest'
import { addressesOf, publicOrigin } from './addresses.ts'
import { FailureLimiter } from './failure-limiter.ts'
import {
  createPublisherToken,
  createRoomId,
  createStreamKey,
  findRoomIdInKey,
  findRoomIdInToken,
  hashSecret,
  verifySecret,
} from './keys.ts'
import { cleanTitle, createSigningKey, restoreSigningKey } from './room.ts'

describe('room ids and secrets', () => {
  it('have the shapes the documentation names, and never repeat', () => {
    const ids = Array.from({ length: 1000 }, createRoomId)
    expect(new Set(ids).size).toBe(1000)
    for (const id of ids) expect(id).toMatch(/^[a-z0-9]{10}$/)
    expect(createStreamKey('abcdefghij')).toMatch(/^abcdefghij_[A-Za-z0-9]{24}$/)
    expect(createPublisherToken('abcdefghij')).toMatch(/^hwp-abcdefghij_[A-Za-z0-9]{24}$/)
  })

  it('name their room', () => {
    expect(findRoomIdInKey(createStreamKey('my_own-room'))).toBe('my_own-room')
    expect(findRoomIdInToken(createPublisherToken('abcdefghij'))).toBe('abcdefghij')
  })

  it.each([
    '',
    'abc',
    'abcdefghij',
    'abcdefghij_short',
    '_'.repeat(40),
    `../../etc_${'a'.repeat(24)}`,
    'x'.repeat(5000),
  ])('are not seen in %j', (text) => {
    expect(findRoomIdInKey(text)).toBeNull()
    expect(findRoomIdInToken(text)).toBeNull()
  })

  it('are kept as salted hashes that match the secret alone', async () => {
    const key = createStreamKey('abcdefghij')
    const kept = await hashSecret(key)
    expect(kept).not.toContain(key.slice(11))
    expect(await hashSecret(key)).not.toBe(kept)
    expect(await verifySecret(key, kept)).toBe(true)
    for (const wrong of ['', key.slice(0, -1), `${key}x`, key.toUpperCase(), `${key}${'x'.repeat(1000)}`]) {
      expect(await verifySecret(wrong, kept), wrong).toBe(false)
    }
    expect(await verifySecret(key, 'nonsense')).toBe(false)
  })
})

describe('signing keys', () => {
  it('come back from their seed', () => {
    const key = createSigningKey()
    expect(key.seed).toHaveLength(32)
    expect(Buffer.from(restoreSigningKey(key.seed).publicKey)).toEqual(Buffer.from(key.publicKey))
  })
})

describe('cleanTitle', () => {
  it.each([
    ['  a  title ', 'a title'],
    ['line\r\nbreak\u0000', 'line break'],
    ['\u202egnp.exe', 'gnp.exe'],
    ['直播 👨‍👩‍👧', '直播 👨‍👩‍👧'],
  ])('makes %j into %j', (title, cleaned) => {
    expect(cleanTitle(title)).toBe(cleaned)
  })
})

describe('publicOrigin', () => {
  it('prefers the configured one to the Host header', () => {
    expect(publicOrigin('https://live.example', 'evil.example')).toBe('https://live.example')
    expect(publicOrigin(null, 'live.example:8080')).toBe('http://live.example:8080')
    expect(publicOrigin(null, '[::1]:8080')).toBe('http://[::1]:8080')
  })

  it.each([undefined, '', 'a b', 'x/y', 'x@y', 'x?y', 'x#y', 'x:99999', '<script>', '[::1', 'a'.repeat(300)])(
    'refuses the Host header %j',
    (host) => {
      expect(() => publicOrigin(null, host)).toThrow(expect.objectContaining({ code: 'bad_host' }))
    },
  )
})

describe('addressesOf', () => {
  it('carries the room id and no address that is not served', () => {
    expect(addressesOf('abcdefghij', 'https://live.example:8443', 1936)).toEqual({
      stream_url: 'rtmp://live.example:1936/live',
      backup_stream_url: 'rtmp://live.example:1936/live',
      webrtc_url: null,
      play_url: 'https://live.example:8443/live/abcdefghij/master.m3u8',
      flv_url: 'https://live.example:8443/live/abcdefghij/source.flv',
      dash_url: null,
      webrtc_play_url: null,
      watch_url: 'https://live.example:8443/watch/abcdefghij',
    })
  })
})

describe('FailureLimiter', () => {
  it('makes an address wait after too many failures, until the window is over', () => {
    let nowMs = 0
    const limiter = new FailureLimiter({ maxFailures: 3, windowMs: 1000, now: () => nowMs })
    for (let i = 0; i < 3; i++) {
      expect(limiter.waitMs('10.0.0.1')).toBe(0)
      limiter.note('10.0.0.1')
    }
    nowMs = 400
    expect(limiter.waitMs('10.0.0.1')).toBe(600)
    expect(limiter.waitMs('10.0.0.2')).toBe(0)
    nowMs = 1000
    expect(limiter.waitMs('10.0.0.1')).toBe(0)
  })

  it('counts an IPv6 network as one, and IPv4 in IPv6 form as itself', () => {
    const limiter = new FailureLimiter({ maxFailures: 1 })
    limiter.note('2001:db8:1:2:3:4:5:6')
    limiter.note('::ffff:10.0.0.1')
    expect(limiter.waitMs('2001:db8:1:2:9:9:9:9')).toBeGreaterThan(0)
    expect(limiter.waitMs('::ffff:10.0.0.2')).toBe(0)
  })

  it('forgets the oldest addresses over its bound', () => {
    const limiter = new FailureLimiter({ maxFailures: 1, maxAddresses: 2 })
    for (const address of ['a', 'b', 'c']) limiter.note(address)
    expect(['a', 'b', 'c'].map((address) => limiter.waitMs(address) > 0)).toEqual([false, true, true])
  })
})
