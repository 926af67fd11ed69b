import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it, vi } from 'vitest'

const fixture = (name) => fileURLToPath(new URL(`./fixtures/${name}.mjs`, import.meta.url))
const started = []

async function startServer(...args) {
  const child = spawn(process.execPath, [fixture('run-server'), fixture('server'), ...args])
  started.push(child)
  const lines = createInterface(child.stdout)
  const said = []
  lines.on('line', (line) => said.push(line))
  const [ready] = await once(lines, 'line')
  const [, serverPid, , deafPid] = ready.split(' ')
  return { child, said, pids: [Number(serverPid), Number(deafPid)], exited: once(child, 'exit') }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const allGone = (pids) => vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 4000 })

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

describe('runServer', () => {
  it('passes one Ctrl-C on once, however many ways it comes, and ends with the code of the server', async () => {
    const { child, said, pids, exited } = await startServer()
    child.kill('SIGINT')
    child.kill('SIGINT')
    expect(await exited).toEqual([7, null])
    expect(said.filter((line) => line === 'SIGINT')).toHaveLength(1)
    await allGone(pids)
  })

  it('leaves nothing of the server behind, be it deaf to every signal', async () => {
    const { child, pids, exited } = await startServer('hangs')
    const startedAt = performance.now()
    child.kill('SIGTERM')
    expect((await exited)[0]).toBe(137)
    // The grace is 2.7 s; a busy machine takes its time besides.
    expect(performance.now() - startedAt).toBeLessThan(5000)
    await allGone(pids)
  })

  it('ends the server when it is killed itself', async () => {
    const { child, said, pids } = await startServer()
    child.kill('SIGKILL')
    await allGone(pids.slice(0, 1))
    await vi.waitFor(() => expect(said).toContain('SIGTERM'))
    process.kill(pids[1], 'SIGKILL')
  })
})
