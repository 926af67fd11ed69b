import { expect, it } from 'vitest'
import { openViewerSession } from './viewer-session.ts'

async function open(hash: string, ask: () => Promise<Response>) {
  const seen = { asked: [] as [string, unknown][], forgotten: 0 }
  await openViewerSession('abcdefghij', {
    hash,
    fetch: (input, init) => {
      seen.asked.push([String(input), init?.body])
      return ask()
    },
    forget: () => void seen.forgotten++,
  })
  return seen
}

it('trades the token of the link for a session, and forgets it', async () => {
  const { asked, forgotten } = await open('#token=v1.1800000000.abc_-', async () =>
    Response.json({ code: 0 }),
  )
  expect(asked).toEqual([['/api/v1/live/abcdefghij/viewer-session', '{"token":"v1.1800000000.abc_-"}']])
  expect(forgotten).toBe(1)
})

it('forgets a token that the server does not take', async () => {
  const { forgotten } = await open('#token=x', async () => Response.json({}, { status: 403 }))
  expect(forgotten).toBe(1)
})

it('keeps the token for another try when the server cannot be reached', async () => {
  const { forgotten } = await open('#token=x', () => Promise.reject(new TypeError('no network')))
  expect(forgotten).toBe(0)
})

it.each(['', '#', '#settings', '#token=', '#token=a b', '#token=x&y'])('asks nobody for %j', async (hash) => {
  const { asked } = await open(hash, async () => Response.json({}))
  expect(asked).toEqual([])
})
