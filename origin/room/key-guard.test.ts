import { expect, it } from 'vitest'
import { KeyGuard } from './key-guard.ts'
import { createStreamKey } from './keys.ts'
import { DEFAULT_SETTINGS } from './room.ts'
import type { KeyMatch } from './registry.ts'

const KEY = createStreamKey('abcdefghij')
const MATCH: KeyMatch = {
  room: {
    id: 'abcdefghij',
    title: '',
    streamingMode: 'rtmp',
    createdAtMs: 0,
    publicKey: '',
    settings: DEFAULT_SETTINGS,
  },
  kind: 'obs',
}

it('looks at no key of an address any more after too many wrong ones, until the window is over', async () => {
  let nowMs = 0
  let looks = 0
  const guard = openGuard(
    () => nowMs,
    () => looks++,
  )
  for (let i = 0; i < 1000; i++) await guard.find(createStreamKey('abcdefghij'), '203.0.113.9')
  expect(looks).toBe(20)
  expect(await guard.find(KEY, '203.0.113.9')).toBe('limited')
  expect(await guard.find(KEY, '203.0.113.8')).toBe(MATCH)
  nowMs = 60_000
  expect(await guard.find(KEY, '203.0.113.9')).toBe(MATCH)
})

it('keeps out no publisher who was there before, however many wrong keys come from his address', async () => {
  const guard = openGuard(
    () => 0,
    () => {},
  )
  expect(await guard.find(KEY, '10.0.0.1')).toBe(MATCH)
  for (let i = 0; i < 1000; i++) expect(await guard.find('wrong', '10.0.0.1')).toBeNull()
  expect(await guard.find(KEY, '10.0.0.1')).toBe(MATCH)
})

function openGuard(now: () => number, onLook: () => void): KeyGuard {
  const findByKey = async (key: string): Promise<KeyMatch | null> => {
    onLook()
    return key === KEY ? MATCH : null
  }
  return new KeyGuard({ rooms: { findByKey }, now })
}
