import { describe, expect, it } from 'vitest'
import { parseRoute } from './route.ts'

describe('parseRoute', () => {
  it('knows the pages', () => {
    expect(parseRoute('/watch/abc_DEF-12')).toEqual({ page: 'watch', room: 'abc_DEF-12' })
    expect(parseRoute('/studio')).toEqual({ page: 'studio' })
    expect(parseRoute('/')).toEqual({ page: 'studio' })
  })

  it('has no page for what is no room', () => {
    expect(parseRoute('/watch/a')).toEqual({ page: 'missing' })
    expect(parseRoute('/watch/../etc')).toEqual({ page: 'missing' })
    expect(parseRoute('/watch/abc%2e')).toEqual({ page: 'missing' })
  })
})
