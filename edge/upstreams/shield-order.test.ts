import { expect, it } from 'vitest'
import { orderShields } from './shield-order.ts'

const SHIELDS = ['http://a:8081', 'http://b:8081', 'http://c:8081']
const ROOMS = Array.from({ length: 300 }, (_, n) => `room-${n}`)

it('is the same at every edge, in whatever order shields are listed there', () => {
  for (const room of ROOMS)
    expect(orderShields(room, SHIELDS)).toEqual(orderShields(room, SHIELDS.toReversed()))
})

it('gives each shield its share of the rooms', () => {
  for (const shield of SHIELDS) {
    const share = ROOMS.filter((room) => orderShields(room, SHIELDS)[0] === shield).length
    expect(share).toBeGreaterThan(ROOMS.length / 5)
  }
})

it('leaves all other rooms where they are when one shield goes', () => {
  const [gone = '', ...others] = SHIELDS
  for (const room of ROOMS) {
    const before = orderShields(room, SHIELDS)
    expect(orderShields(room, others)).toEqual(before.filter((each) => each !== gone))
  }
})
