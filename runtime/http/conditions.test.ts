import { expect, it } from 'vitest'
import { isFresh, isSameEntity } from './conditions.ts'

it.each([
  [undefined, false],
  ['"a"', true],
  ['W/"a"', true],
  ['"b", "a"', true],
  ['*', true],
  ['"b"', false],
  ['a', false],
])('If-None-Match: %s fits "a": %s', (header, expected) => {
  expect(isFresh(header, '"a"')).toBe(expected)
})

it.each([
  [undefined, true],
  ['"a"', true],
  ['W/"a"', false],
  ['"b"', false],
  ['Wed, 21 Oct 2015 07:28:00 GMT', false],
])('If-Range: %s lets a range of "a" be given: %s', (header, expected) => {
  expect(isSameEntity(header, '"a"')).toBe(expected)
})
