import { expect, it } from 'vitest'
import { isViewerToken, ViewerTokens, viewerTokenOf } from './viewer-token.ts'

const NOW = 1_800_000_000_000
const SECRET = 'secret-of-the-cluster-under-test'
const tokens = new ViewerTokens(SECRET)
const token = tokens.sign('room-a', NOW + 60_000)

it('lets into its room until it runs out, on every node of the cluster', () => {
  const other = new ViewerTokens(SECRET)
  expect(other.check(token, 'room-a', NOW)).toBe(NOW + 60_000)
  expect(other.isValid(token, 'room-a', NOW + 59_999)).toBe(true)
  expect(() => other.check(token, 'room-a', NOW + 60_000)).toThrow(
    expect.objectContaining({ code: 'viewer_token_invalid', status: 403 }),
  )
})

it('asks for a token where there is none', () => {
  expect(() => tokens.check(null, 'room-a', NOW)).toThrow(
    expect.objectContaining({ code: 'viewer_token_required', status: 401 }),
  )
})

it.each([
  ['another room', token, 'room-b'],
  ['another cluster', new ViewerTokens('another secret').sign('room-a', NOW + 60_000), 'room-a'],
  ['a later expiry', token.replace(/\.\d+\./, `.${NOW / 1000 + 3600}.`), 'room-a'],
  ['a cut MAC', token.slice(0, -1), 'room-a'],
  ['nothing', '', 'room-a'],
  ['a room that brings its own line', token, 'room-a\n1'],
])('refuses a token of %s', (_, presented, room) => {
  expect(tokens.isValid(presented, room, NOW)).toBe(false)
})

it('is told apart from the tokens of publishers and admins', () => {
  expect(isViewerToken(token)).toBe(true)
  expect(isViewerToken('pub_abcdefghij_0123456789')).toBe(false)
})

it.each([
  [{ authorization: `Bearer ${token}` }, token],
  [{ cookie: `a=b; headwater_viewer=${token}; c=d` }, token],
  [{ authorization: 'Bearer x', cookie: `headwater_viewer=${token}` }, 'x'],
  [{ cookie: 'headwater_viewer_other=1' }, null],
  [{ authorization: 'Basic x' }, null],
  [{}, null],
])('reads it out of %j', (headers, expected) => {
  expect(viewerTokenOf({ headers })).toBe(expected)
})
