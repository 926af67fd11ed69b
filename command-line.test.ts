import { describe, expect, it } from 'vitest'
import { parseCommandLine } from './command-line.ts'

describe('--shield', () => {
  it('is a kind of edge, and of nothing else', () => {
    expect(parseCommandLine(['--role', 'edge', '--shield'])).toMatchObject({ role: 'edge', shield: true })
    expect(() => parseCommandLine(['--shield'])).toThrow('--shield belongs to --role edge, not all')
  })
})

describe('--workers', () => {
  it.each([
    ['1', 1],
    ['64', 64],
    ['auto', 'auto'],
  ])('is taken: %s', (text, workers) => {
    expect(parseCommandLine(['--role', 'edge', '--workers', text]).workers).toBe(workers)
  })

  it.each(['0', '65', 'all', '-1', '1.5', ''])('that is none is named as it was said: %j', (text) => {
    expect(() => parseCommandLine(['--role', 'edge', `--workers=${text}`])).toThrow(
      `--workers ${text}: a whole number from 1 to 64, or auto`,
    )
  })

  it('belongs to an edge', () => {
    expect(() => parseCommandLine(['--workers', '2'])).toThrow('--workers belongs to --role edge, not all')
  })

  it('tells each which one it is', () => {
    expect(parseCommandLine(['--role', 'edge', '--worker', '1/2']).worker).toEqual({ index: 1, count: 2 })
    for (const wrong of ['2/2', '1', 'x/2', '0/0'])
      expect(() => parseCommandLine([`--worker=${wrong}`])).toThrow(
        `--worker ${wrong}: which one of how many`,
      )
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
