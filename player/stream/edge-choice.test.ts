import { afterEach, expect, it } from 'vitest'
import { ASK_AGAIN, EdgeChoice, REST_MS } from './edge-choice.ts'

const HOME = 'https://home.test'
const [A, B] = ['https://a.test', 'https://b.test']
const opened: EdgeChoice[] = []
afterEach(() => opened.splice(0).forEach((choice) => choice.close()))

/** A server that names edges, and a clock that moves when somebody waits on it is let go on. */
class Trial {
  named: unknown = [A, B]
  asked: string[] = []
  nowMs = 0
  isAway = false
  readonly waits: { ms: number; end: () => void }[] = []
  readonly choice: EdgeChoice

  constructor(home = HOME) {
    this.choice = new EdgeChoice({
      ...{ home, roomId: 'abcdefghij', nowMs: () => this.nowMs, random: () => 1 },
      fetch: async (input) => {
        this.asked.push(String(input))
        if (this.isAway) throw new TypeError('no network')
        const edges = Array.isArray(this.named) ? this.named.map((url: unknown) => ({ url })) : this.named
        return Response.json({ code: 0, data: { edges } })
      },
      wait: (ms, signal) =>
        new Promise((resolve) => {
          this.waits.push({ ms, end: resolve })
          signal.addEventListener('abort', () => resolve())
        }),
    })
    opened.push(this.choice)
  }

  async start(): Promise<EdgeChoice> {
    this.choice.start()
    await this.choice.settled
    this.waits.length = 0
    return this.choice
  }

  /** Lets the one that waits go on, after its time. */
  async pass(): Promise<number> {
    const wait = this.waits.shift()
    if (!wait) throw new Error('nobody waits')
    this.nowMs += wait.ms
    wait.end()
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    return wait.ms
  }
}

it('asks the server where it is told of no edges, and changes no address', async () => {
  const trial = new Trial()
  trial.named = []
  const choice = await trial.start()
  expect(choice.current).toBe(HOME)
  choice.fail(HOME)
  expect(choice.current).toBe(HOME)
  expect(trial.asked).toEqual([`${HOME}/api/v1/live/abcdefghij/edges`])
  expect(trial.waits).toEqual([])
})

it('takes media from the first edge, then the next, then the server', async () => {
  const trial = new Trial()
  const choice = await trial.start()
  const address = `${HOME}/live/abcdefghij/program1/720p/1.m4s`
  expect(choice.at(choice.current, address)).toBe(`${A}/live/abcdefghij/program1/720p/1.m4s`)
  expect(choice.canonical(A, choice.at(A, address))).toBe(address)
  choice.fail(A)
  expect(choice.current).toBe(B)
  choice.fail(B)
  expect(choice.current).toBe(HOME)
})

it('does not take the failure of one for that of another asked since', async () => {
  const choice = await new Trial().start()
  choice.fail(A)
  choice.fail(A)
  expect(choice.current).toBe(B)
})

it('asks again after a failure, not at once, and once for any number of them', async () => {
  const trial = new Trial()
  const choice = await trial.start()
  choice.fail(A)
  choice.fail(A)
  trial.named = ['https://c.test']
  expect(await trial.pass()).toBe(ASK_AGAIN.firstMs)
  expect(trial.asked).toHaveLength(2)
  expect(choice.current).toBe('https://c.test')
  expect(trial.waits).toEqual([])
})

it('goes back to an edge that failed only after a rest', async () => {
  const trial = new Trial()
  trial.named = [A]
  const choice = await trial.start()
  choice.fail(A)
  await trial.pass()
  expect(choice.current).toBe(HOME)
  expect(await trial.pass()).toBe(2 * ASK_AGAIN.firstMs)
  expect(trial.nowMs).toBeGreaterThanOrEqual(REST_MS)
  await trial.pass()
  expect(choice.current).toBe(A)
})

it('asks on, ever more rarely, while nobody answers', async () => {
  const trial = new Trial()
  const choice = await trial.start()
  trial.isAway = true
  choice.fail(A)
  const waits: number[] = []
  for (let round = 0; round < 8; round++) waits.push(await trial.pass())
  expect(waits).toEqual(waits.toSorted((a, b) => a - b))
  expect(waits.at(-1)).toBe(ASK_AGAIN.maxMs)
  expect(choice.current).toBe(B)
})

it('tries whoever failed longest ago when all have failed', async () => {
  const trial = new Trial()
  const choice = await trial.start()
  for (const place of [A, B, HOME]) {
    trial.nowMs += 1
    choice.fail(place)
  }
  expect(choice.current).toBe(A)
})

it.each([
  ['no list', 'nonsense'],
  ['no addresses', [null, 7, 'x', 'ftp://a.test', `${A}/?q`, `${A}/`]],
  ['edges without TLS', ['http://a.test']],
])('keeps to the server where it names %s', async (_, named) => {
  const trial = new Trial()
  trial.named = named
  expect((await trial.start()).current).toBe(HOME)
})

it('lets a page without TLS ask any edge, and asks no more than three', async () => {
  const trial = new Trial('http://home.test')
  trial.named = ['http://a.test', 'http://a.test', B, 'http://c.test', 'http://d.test']
  const choice = await trial.start()
  expect(choice.places).toEqual(['http://a.test', B, 'http://c.test', 'http://home.test'])
})
