import { expect, it } from 'vitest'
import { LINK_LIFETIME_MS, RecordingLinks } from './links.ts'

const NOW = 1_800_000_000_000
const RECORDING = { roomId: 'abcdefghij', programId: 'p1a2b3c4' }
const links = new RecordingLinks('cluster secret')
const link = links.sign(RECORDING.roomId, RECORDING.programId, NOW)

it('opens the recording it was made for, for some hours', () => {
  expect(links.isValid(link, RECORDING, NOW)).toBe(true)
  expect(links.isValid(link, RECORDING, NOW + LINK_LIFETIME_MS - 1)).toBe(true)
  expect(links.isValid(link, RECORDING, NOW + LINK_LIFETIME_MS)).toBe(false)
})

it('opens no other', () => {
  expect(links.isValid(link, { ...RECORDING, programId: 'p1a2b3c5' }, NOW)).toBe(false)
  expect(links.isValid(link, { ...RECORDING, roomId: 'abcdefghik' }, NOW)).toBe(false)
})

it('cannot be made to last, nor be made without the secret', () => {
  const [, mac = ''] = link.split('.')
  expect(links.isValid(`${NOW + 10 * LINK_LIFETIME_MS}.${mac}`, RECORDING, NOW)).toBe(false)
  const others = new RecordingLinks('another secret').sign(RECORDING.roomId, RECORDING.programId, NOW)
  expect(links.isValid(others, RECORDING, NOW)).toBe(false)
  for (const broken of ['', '.', `${NOW}`, `${NOW}.`, `.${mac}`, `${link}x`, `${link}\n`])
    expect(links.isValid(broken, RECORDING, NOW)).toBe(false)
})
