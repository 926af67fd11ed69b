import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RoomView } from './room-view.ts'
import { Signalling, type RoomSocket } from './signalling.ts'

/** The client's end of a connection in memory; the test is the server. */
class MemorySocket implements RoomSocket {
  readyState: RoomSocket['readyState'] = 0
  readonly sent: string[] = []
  onopen: RoomSocket['onopen'] = null
  onmessage: RoomSocket['onmessage'] = null
  onclose: RoomSocket['onclose'] = null

  send(text: string): void {
    this.sent.push(text)
  }

  close(): void {
    this.readyState = 2
  }

  accept(): void {
    this.readyState = 1
    this.#tell(this.onopen, { type: 'open' })
  }

  say(message: unknown): void {
    this.#tell(this.onmessage, { data: typeof message === 'string' ? message : JSON.stringify(message) })
  }

  end(code = 1006): void {
    this.readyState = 3
    this.#tell(this.onclose, { code })
  }

  #tell(listener: unknown, event: unknown): void {
    if (typeof listener === 'function') Reflect.apply(listener, this, [event])
  }
}

let sockets: MemorySocket[]
let views: RoomView[]
let missing: number
let asked: number
let signalling: Signalling

beforeEach(() => {
  vi.useFakeTimers()
  sockets = []
  views = []
  missing = 0
  asked = 0
  signalling = new Signalling({
    baseUrl: 'http://host',
    roomId: 'abcdefghij',
    role: 'viewer',
    token: 'secret',
    onView: (view) => views.push(view),
    onMissing: () => missing++,
    connect: (address) => {
      expect(address.href).not.toContain('secret')
      const socket = new MemorySocket()
      sockets.push(socket)
      return socket
    },
    fetch: async () => {
      asked++
      return new Response(null, { status: 503 })
    },
  })
  signalling.start()
})

afterEach(() => {
  signalling.close()
  vi.useRealTimers()
})

const newest = (): MemorySocket => {
  const socket = sockets.at(-1)
  if (!socket) throw new Error('nobody has connected')
  return socket
}

describe('Signalling', () => {
  it('says hello with its token, and shows what it is told', () => {
    newest().accept()
    expect(JSON.parse(newest().sent[0] ?? '')).toMatchObject({ type: 'hello', token: 'secret' })
    newest().say({ type: 'room', state: 'interrupted', program_id: 'p', since: 5000, slate: true, at: 9000 })
    expect(views.at(-1)).toMatchObject({ state: 'interrupted', sinceMs: 5000, hasSlate: true, atMs: 9000 })
  })

  it('notices a connection that is dead without being closed, and opens another', async () => {
    newest().accept()
    await vi.advanceTimersByTimeAsync(6000)
    expect(newest().sent).toContain('{"type":"ping"}')
    await vi.advanceTimersByTimeAsync(12_000)
    expect(sockets.length).toBe(2)
  })

  it('keeps a connection whose pings are answered', async () => {
    newest().accept()
    for (let i = 0; i < 20; i++) {
      await vi.advanceTimersByTimeAsync(3000)
      newest().say({ type: 'pong', at: 1 })
    }
    expect(sockets.length).toBe(1)
    expect(asked).toBe(1)
  })

  it('learns after a reconnection what it has missed', async () => {
    newest().accept()
    newest().say({ type: 'room', state: 'live', program_id: 'p', at: 1 })
    newest().end()
    await vi.advanceTimersByTimeAsync(1000)
    newest().accept()
    newest().say({ type: 'room', state: 'ended', program_id: 'p', at: 2 })
    expect(views.at(-1)?.state).toBe('ended')
  })

  it('hears nothing more from a connection it has given up', async () => {
    const first = newest()
    first.accept()
    await vi.advanceTimersByTimeAsync(20_000)
    first.say({ type: 'room', state: 'ended', at: 2 })
    expect(views).toEqual([])
  })

  it('leaves longer and longer between attempts, and polls meanwhile', async () => {
    for (let i = 0; i < 120; i++) {
      newest().end()
      await vi.advanceTimersByTimeAsync(500)
    }
    // a minute: 0.5, 1, 2, 4, 8, 10, 10, … s at most, half of it at least
    expect(sockets.length).toBeLessThan(20)
    expect(sockets.length).toBeGreaterThan(5)
    expect(asked).toBeGreaterThan(15)
  })

  it('does not ask again soon where it was refused', async () => {
    newest().accept()
    newest().end(4403)
    await vi.advanceTimersByTimeAsync(25_000)
    expect(sockets.length).toBe(1)
    // Between half a minute and a whole one; what it opens is not left alone for long, or it is given up, too.
    for (let second = 25; second <= 60 && sockets.length === 1; second++)
      await vi.advanceTimersByTimeAsync(1000)
    expect(sockets.length).toBe(2)
    newest().end(4404)
    await vi.advanceTimersByTimeAsync(0)
    expect(missing).toBe(1)
  })

  it('tries at once when woken', async () => {
    newest().accept()
    newest().end(4403)
    await vi.advanceTimersByTimeAsync(10)
    signalling.wake()
    await vi.advanceTimersByTimeAsync(10)
    expect(sockets.length).toBe(2)
  })

  it('waits for no goodbye of a connection that a sleep has killed', async () => {
    newest().accept()
    signalling.wake()
    await vi.advanceTimersByTimeAsync(1000)
    expect(sockets.length).toBe(2)
  })

  it('takes no nonsense', () => {
    newest().accept()
    for (const text of ['', '{', '[]', '{"type":"room","state":"haunted"}', `"${'x'.repeat(70_000)}"`])
      newest().say(text)
    expect(views).toEqual([])
  })

  it('carries messages of others, both ways, once the server has let it in', () => {
    const heard: unknown[] = []
    let opened = 0
    signalling.listen('cascade-', { onMessage: (message) => heard.push(message), onOpen: () => opened++ })
    newest().accept()
    expect(signalling.send({ type: 'cascade-leave' })).toBe(false)
    newest().say({ type: 'room', state: 'live', program_id: 'p', at: 1 })
    expect({ opened, isOpen: signalling.isOpen }).toEqual({ opened: 1, isOpen: true })
    expect(signalling.send({ type: 'cascade-leave' })).toBe(true)
    expect(newest().sent.at(-1)).toBe('{"type":"cascade-leave"}')
    newest().say({ type: 'cascade-off', reason: 'full', retry_ms: null })
    newest().say({ type: 'room', state: 'ended', program_id: 'p', at: 2 })
    expect(heard).toEqual([{ type: 'cascade-off', reason: 'full', retry_ms: null }])
    expect(views.at(-1)?.state).toBe('ended')
    newest().end()
    expect(signalling.isOpen).toBe(false)
  })

  it('ends with its owner', async () => {
    newest().accept()
    signalling.close()
    newest().end()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sockets.length).toBe(1)
  })
})
