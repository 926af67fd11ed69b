import { beforeEach, expect, it } from 'vitest'
import { Breaker } from './breaker.ts'

let now: number
let breaker: Breaker
beforeEach(() => {
  now = 0
  breaker = new Breaker(() => now)
})

function fail(times: number): void {
  for (let n = 0; n < times; n++) breaker.pass().fail()
}

it('opens after three failures in a row', () => {
  fail(2)
  breaker.pass().succeed()
  fail(2)
  expect(breaker.mayPass).toBe(true)
  fail(1)
  expect(breaker).toMatchObject({ mayPass: false, isOpen: true })
})

it('lets one request try after a second, and closes when that succeeds', () => {
  fail(3)
  now = 999
  expect(breaker.mayPass).toBe(false)
  now = 1000
  const probe = breaker.pass()
  expect(breaker.mayPass).toBe(false)
  probe.succeed()
  expect(breaker).toMatchObject({ mayPass: true, isOpen: false })
})

it('waits twice as long after each trial that fails, eight seconds at most', () => {
  fail(3)
  const pauses = Array.from({ length: 5 }, () => {
    const since = now
    while (!breaker.mayPass) now += 100
    breaker.pass().fail()
    return now - since
  })
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 8000])
})

it('is tried by another when the one that tried has left', () => {
  fail(3)
  now = 1000
  breaker.pass().leave()
  expect(breaker.mayPass).toBe(true)
})

it('is not held open longer by what was under way when it opened', () => {
  const underWay = Array.from({ length: 20 }, () => breaker.pass())
  for (const each of underWay) each.fail()
  now = 1000
  expect(breaker.mayPass).toBe(true)
})

it('closes for a success of one that was let through for want of others', () => {
  fail(3)
  breaker.pass().succeed()
  expect(breaker.isOpen).toBe(false)
})
