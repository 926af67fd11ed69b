import { describe, expect, it } from 'vitest'
import { parseCommandLine } from './command-line.ts'

describe('--shield', () => {
  it('is a kind of edge, and of nothing else', () => {
    expect(parseCommandLine(['--role', 'edge', '--shield'])).toMatchObject({ role: 'edge', shield: true })
    expect(() => parseCommandLine(['--shield'])).toThrow('--shield belongs to --role edge, not all')
  })
})

describe('--port', () => {
  it.each(['abc', '-1', '65536', '8080x', ''])('that is none is named as it was said: %j', (port) => {
    expect(() => parseCommandLine([`--port=${port}`])).toThrow(
      `--port ${port}: a whole number from 0 to 65535`,
    )
  })

  it.each(['0', '8080', '65535'])('is taken: %s', (port) => {
    expect(parseCommandLine(['--port', port]).port).toBe(port)
  })
})
