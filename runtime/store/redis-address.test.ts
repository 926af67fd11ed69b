import { describe, expect, it } from 'vitest'
import { parseRedisAddress } from './redis-address.ts'

describe('parseRedisAddress', () => {
  it('reads one Redis, and says where it is without what is secret', () => {
    expect(parseRedisAddress('rediss://user:p%40ss@host:7000/2')).toEqual({
      ...{ clusterNodes: null, username: 'user', password: 'p@ss' },
      ...{ isTls: true, place: 'host:7000' },
    })
  })

  it('reads the nodes of a cluster', () => {
    expect(parseRedisAddress('redis+cluster://:p%2Fw@a:7000,10.0.0.2,[::1]:7002')).toEqual({
      clusterNodes: [
        { host: 'a', port: 7000 },
        { host: '10.0.0.2', port: 6379 },
        { host: '::1', port: 7002 },
      ],
      ...{ username: null, password: 'p/w' },
      ...{ isTls: false, place: 'a:7000,10.0.0.2,[::1]:7002' },
    })
    expect(parseRedisAddress('rediss+cluster://one')).toMatchObject({ isTls: true, username: null })
  })

  it.each([
    'http://host',
    'redis://a:7000,b:7001',
    'redis+cluster://',
    'redis+cluster://a,,b',
    'redis+cluster://a:seven',
    'redis+cluster://a/2',
    `redis+cluster://${Array.from({ length: 33 }, (_, index) => `n${index}`).join()}`,
  ])('refuses %s', (text) => {
    expect(parseRedisAddress(text)).toBeNull()
  })
})
