import { describe, expect, it } from 'vitest'
import { ApiError, StudioApi } from './studio-api.ts'

interface Asked {
  url: string
  method: string | undefined
  authorization: string | null
}

function apiWith(status: number, body: unknown): { api: StudioApi; asked: Asked[] } {
  const asked: Asked[] = []
  const answer: typeof fetch = async (input, init) => {
    const authorization = new Headers(init?.headers).get('authorization')
    asked.push({ url: String(input), method: init?.method, authorization })
    return new Response(JSON.stringify(body), { status })
  }
  return { api: new StudioApi({ baseUrl: 'http://host', token: 'secret', fetch: answer }), asked }
}

describe('StudioApi', () => {
  it('sends the token in the header and never in the address', async () => {
    const { api, asked } = apiWith(200, { code: 0, data: { rooms: [], total: 0 } })
    expect(await api.list()).toEqual([])
    expect(asked).toEqual([{ url: 'http://host/api/v1/live', method: 'GET', authorization: 'Bearer secret' }])
  })

  it('gives the secrets of a new room', async () => {
    const data = { room_id: 'abc', stream_key: 'abc_key', stream_url: 'rtmp://host/live', more: 1 }
    const { api } = apiWith(200, { code: 0, data })
    expect(await api.create('T')).toEqual({
      room_id: 'abc',
      stream_key: 'abc_key',
      stream_url: 'rtmp://host/live',
    })
  })

  it('fails with the server’s code', async () => {
    const { api } = apiWith(403, { code: 'forbidden', message: 'no' })
    await expect(api.end('abc')).rejects.toMatchObject({ code: 'forbidden', status: 403 })
  })

  it('does not trust an answer of another shape', async () => {
    const { api } = apiWith(200, { code: 0, data: { rooms: 'many' } })
    await expect(api.list()).rejects.toBeInstanceOf(ApiError)
  })
})
