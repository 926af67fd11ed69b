import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isMediaPath, parseMediaPath } from './media-path.ts'

const TRACK = '/live/room-1/program01/720p'

describe('media addresses', () => {
  it.each([
    ['/live/room-1/master.m3u8', { kind: 'multivariant', room: 'room-1' }],
    [`${TRACK}/index.m3u8`, { kind: 'playlist', track: '720p', msn: null, part: null, skip: null }],
    [`${TRACK}/init-0.mp4`, { kind: 'init', init: 0 }],
    [`${TRACK}/12.m4s`, { kind: 'segment', msn: 12 }],
    [`${TRACK}/12.3.m4s`, { kind: 'part', msn: 12, part: 3 }],
    ['/live/room-1/720p.flv', { kind: 'flv', rendition: '720p', behindMs: 0 }],
    [
      '/flv/room-1.flv?behind=9',
      { kind: 'flv', path: '/live/room-1/source.flv', rendition: 'source', behindMs: 9000 },
    ],
    ['/hls/room-1.m3u8', { kind: 'redirect', location: '/live/room-1/master.m3u8' }],
  ])('reads %s', (path, expected) => {
    expect(parseMediaPath(path)).toMatchObject(expected)
  })

  it.each([
    '/live/ab/master.m3u8',
    '/live/room%2f1/master.m3u8',
    '/live/../etc/passwd',
    '/live/room-1/PROGRAM01/720p/12.m4s',
    '/live/room-1/short/720p/12.m4s',
    `${TRACK}/012.m4s`,
    `${TRACK}/12.8.m4s`,
    `${TRACK}/12.3.4.m4s`,
    `${TRACK}/-1.m4s`,
    `${TRACK}/99999999999.m4s`,
    `${TRACK}/12.m4s/`,
    '/live/room-1/720p.flv\n',
  ])('refuses %j', (path) => {
    expect(() => parseMediaPath(path)).toThrow(expect.objectContaining({ code: 'not_found' }))
  })

  it('gives requests that mean the same one key', () => {
    const key = (query: string) => parseMediaPath(`${TRACK}/index.m3u8?${query}`)
    const expected = `${TRACK}/index.m3u8?_HLS_msn=7&_HLS_part=2&_HLS_skip=YES`
    expect(key('_HLS_part=2&_HLS_skip=YES&_HLS_msn=7&x=1')).toMatchObject({ path: expected, msn: 7, part: 2 })
    expect(key('_HLS_msn=7&_HLS_part=2&_HLS_skip=YES&t=123')).toMatchObject({ path: expected })
    expect(key('nonsense=1')).toMatchObject({ path: `${TRACK}/index.m3u8` })
    expect(parseMediaPath(`${TRACK}/12.3.m4s?cache=bust`)).toMatchObject({ path: `${TRACK}/12.3.m4s` })
  })

  it.each([
    '_HLS_msn=-1',
    '_HLS_msn=1.5',
    '_HLS_msn=abc',
    '_HLS_msn=',
    '_HLS_part=1',
    '_HLS_msn=1&_HLS_part=x',
  ])('refuses the directive %s', (query) => {
    expect(() => parseMediaPath(`${TRACK}/index.m3u8?${query}`)).toThrow(
      expect.objectContaining({ code: 'bad_request' }),
    )
  })

  it('makes of any text whatever a safe address of the origin or a refusal', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom(
        'live',
        'hls',
        'flv',
        'room-1',
        'program01',
        '720p',
        '12.3.m4s',
        'index.m3u8',
        '..',
        '%2e',
        '?',
        '\r\n',
      ),
    )
    const target = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('/')}`)
    fc.assert(
      fc.property(target, (text) => {
        try {
          const request = parseMediaPath(text)
          const address = request.kind === 'redirect' ? request.location : request.path
          expect(address).toMatch(/^\/live\/[\w-]{3,64}\/[\w./?&=-]+$/)
          expect(address).not.toContain('..')
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(not_found|bad_request)$/) })
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('leaves other addresses alone', () => {
    expect(['/api/v1/live/room', '/watch/room', '/', '/livestock'].some(isMediaPath)).toBe(false)
  })
})
