import { beforeEach, describe, expect, it } from 'vitest'
import type { FlvRequest } from '../media-path.ts'
import { parseMediaPath } from '../media-path.ts'
import type { Upstream, UpstreamAnswer } from '../upstream.ts'
import { FlvRoute, type FlvMember } from './flv-route.ts'

const REQUEST = parseMediaPath('/live/room-1/720p.flv') as FlvRequest

let now: number
let asked: string[]
let route: FlvRoute

beforeEach(() => {
  now = 1000
  asked = []
  route = new FlvRoute({ now: () => now, onFailover: () => undefined })
})

function member(
  name: string,
  body: () => AsyncGenerator<Buffer>,
  options: { status?: number; isWell?: boolean } = {},
): FlvMember {
  const { status = 200, isWell = true } = options
  const upstream: Upstream = {
    async ask() {
      asked.push(name)
      return {
        status,
        length: null,
        program: null,
        resumedMs: null,
        isStarting: false,
        body: body(),
      } as UpstreamAnswer
    },
    close: () => Promise.resolve(),
  }
  return { name, upstream, isWell: () => isWell }
}

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) yield Buffer.from('tag')
}

async function* broken(): AsyncGenerator<Buffer> {
  yield Buffer.from('tag')
  throw new Error('broken off')
}

async function ask(members: FlvMember[]): Promise<UpstreamAnswer> {
  return route.ask(REQUEST, members, new AbortController().signal)
}

async function readToEnd(answer: UpstreamAnswer, chunks = 1000): Promise<'ended' | 'goes on'> {
  for await (const _ of answer.body) if (chunks-- === 0) return 'goes on'
  return 'ended'
}

describe('the route of an FLV', () => {
  it('asks the next where one cannot give it, and leaves that aside for a while', async () => {
    const members = [member('a', endless, { status: 502 }), member('b', endless)]
    for (let time = 0; time < 2; time++) expect((await ask(members)).status).toBe(200)
    expect(asked).toEqual(['a', 'b', 'b'])
    now += 20_000
    await ask(members)
    expect(asked.slice(3)).toEqual(['a', 'b'])
  })

  it('takes a refusal for an answer, and the last one’s word whatever it is', async () => {
    expect((await ask([member('a', endless, { status: 404 }), member('b', endless)])).status).toBe(404)
    expect(
      (await ask([member('c', endless, { status: 502 }), member('d', endless, { status: 500 })])).status,
    ).toBe(500)
  })

  it('leaves aside who broke off in a stream', async () => {
    const members = [member('a', broken), member('b', endless)]
    await expect(readToEnd(await ask(members))).rejects.toThrow('broken off')
    await ask(members)
    expect(asked).toEqual(['a', 'b'])
  })

  it('goes back to the first when that is well again, and not before', async () => {
    for (const isWell of [false, true]) {
      now += 100_000
      const members = [member('a', broken, { isWell }), member('b', endless)]
      await expect(readToEnd(await ask(members))).rejects.toThrow()
      const answer = await ask(members)
      const body = answer.body[Symbol.asyncIterator]()
      for (let chunk = 0; chunk < 100; chunk++) expect((await body.next()).done).toBe(false)
      now += 60_000
      await body.next()
      expect((await body.next()).done).toBe(isWell)
    }
  })

  it('goes back to the second, too, while the first stays away', async () => {
    const first = member('a', broken, { isWell: false })
    const members = [first, member('b', broken), member('origin', endless)]
    for (const _ of ['a', 'b']) await expect(readToEnd(await ask(members))).rejects.toThrow()
    const answer = await ask(members)
    expect(asked).toEqual(['a', 'b', 'origin'])
    const body = answer.body[Symbol.asyncIterator]()
    await body.next()
    now += 60_000
    await body.next()
    expect((await body.next()).done).toBe(true)
  })

  it('stays with the first', async () => {
    const answer = await ask([member('a', endless), member('b', endless)])
    now += 1_000_000
    expect(await readToEnd(answer)).toBe('goes on')
  })
})
