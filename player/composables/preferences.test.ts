import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseLanguage, parsePreferences } from './preferences.ts'

describe('parsePreferences', () => {
  it('begins with continuity, sound on, and everything else by itself', () => {
    expect(parsePreferences(null)).toEqual({
      mode: 'continuity',
      engine: null,
      muted: false,
      volume: 1,
      language: null,
      theme: 'auto',
      sharing: { peers: true, relay: null, uploadKbps: null, hideAddress: false },
      knowsSharing: false,
    })
  })

  it('keeps what was chosen', () => {
    const chosen = {
      mode: 'low',
      engine: 'flv',
      muted: true,
      volume: 0.4,
      language: 'zh-CN',
      theme: 'light',
      sharing: { peers: false, relay: true, uploadKbps: 2000, hideAddress: true },
      knowsSharing: true,
    } as const
    expect(parsePreferences(JSON.stringify(chosen))).toEqual(chosen)
  })

  it('survives whatever lies in storage', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const { mode, volume, sharing } = parsePreferences(text)
        expect(Object.keys(sharing)).toEqual(['peers', 'relay', 'uploadKbps', 'hideAddress'])
        expect(['continuity', 'low']).toContain(mode)
        expect(volume).toBeGreaterThanOrEqual(0)
        expect(volume).toBeLessThanOrEqual(1)
      }),
    )
  })
})

describe('chooseLanguage', () => {
  it('goes by the viewer, then by the browser, then English', () => {
    expect(chooseLanguage('en', ['zh-CN'])).toBe('en')
    expect(chooseLanguage(null, ['de', 'zh-TW', 'en'])).toBe('zh-CN')
    expect(chooseLanguage(null, ['en-GB', 'zh'])).toBe('en')
    expect(chooseLanguage(null, ['fr'])).toBe('en')
  })
})
