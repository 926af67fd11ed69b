import { describe, expect, it } from 'vitest'
import { ApiError } from '../room/studio-api.ts'
import { failureKey } from './failures.ts'

describe('failureKey', () => {
  it('has a sentence of its own for what can be helped, and one for the rest', () => {
    expect(failureKey(new ApiError('source_not_live', 'no such source', 409))).toBe('failure.source_not_live')
    expect(failureKey(new ApiError('never_heard', 'x', 500))).toBe('failure.other')
    expect(failureKey('odd')).toBe('failure.other')
  })

  it('takes a failed request for a server that is away', () => {
    expect(failureKey(new TypeError('Failed to fetch'))).toBe('studio.noServer')
  })
})
