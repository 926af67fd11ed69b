import { spawn, type ChildProcess } from 'node:child_process'
import { afterEach, expect, it } from 'vitest'
import { captureLog } from '../tests/support/log-lines.ts'
import { eventually } from '../tests/support/eventually.ts'
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.ts'

const READY = "process.send('ready');"
const SERVES = `${READY} setInterval(() => 0, 1000); process.on('disconnect', () => process.exit())`
const DEAF = `${SERVES}; process.on('SIGTERM', () => 0)`

let pool: WorkerPool | null = null
afterEach(() => pool?.close())

interface Trial {
  pool: WorkerPool
  starts: number[]
  deaths: () => Record<string, unknown>[]
}

function open(script: (start: number) => string, options: Partial<WorkerPoolOptions> = {}): Trial {
  const log = captureLog()
  const starts: number[] = []
  const made = new WorkerPool({
    count: 2,
    spawn: (index): ChildProcess => {
      starts.push(index)
      const code = script(starts.length)
      return spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    },
    logger: log.logger,
    closeMs: 10_000,
    restart: { firstMs: 1, maxMs: 50 },
    ...options,
  })
  pool = made
  const deaths = () => log.lines().filter(({ code }) => code === 'worker_failed')
  return { pool: made, starts, deaths }
}

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0)
  } catch {
    return false
  }
}

it('replaces a worker that died, and leaves the others alone', async () => {
  const { pool, starts, deaths } = open(() => SERVES)
  await pool.start()
  const [first, second] = pool.pids
  process.kill(first ?? 0, 'SIGKILL')
  await eventually(() => pool.pids[0] !== undefined && pool.pids[0] !== first)
  expect(pool.pids[1]).toBe(second)
  expect(isAlive(second)).toBe(true)
  expect(starts).toEqual([0, 1, 0])
  expect(deaths()).toMatchObject([{ worker: 0, how: 'SIGKILL' }])
})

it('starts one that dies again and again ever more rarely', async () => {
  const restart = { firstMs: 8, maxMs: 64 }
  const { pool, deaths } = open((start) => (start <= 2 ? SERVES : 'process.exit(3)'), { restart })
  await pool.start()
  process.kill(pool.pids[0] ?? 0, 'SIGKILL')
  await eventually(() => deaths().length >= 6)
  const waits = deaths().map(({ waitMs }) => Number(waitMs))
  for (const [index, waitMs] of waits.entries()) {
    const whole = Math.min(restart.maxMs, restart.firstMs * 2 ** index)
    expect(waitMs).toBeGreaterThanOrEqual(whole / 2 - 1)
    expect(waitMs).toBeLessThanOrEqual(whole + 1)
  }
  expect(deaths().at(-1)).toMatchObject({ worker: 0, how: '3' })
})

it('does not start where one cannot serve', async () => {
  const { pool } = open((start) => (start === 1 ? SERVES : 'process.exit(7)'))
  await expect(pool.start()).rejects.toMatchObject({
    code: 'worker_failed',
    message: expect.stringContaining('worker 1 ended before it could serve: 7'),
  })
})

it('ends all of them, and starts none again', async () => {
  const { pool, starts } = open(() => SERVES)
  await pool.start()
  const pids = pool.pids
  await pool.close()
  expect(pids.map(isAlive)).toEqual([false, false])
  expect(starts).toHaveLength(2)
})

it('kills those that do not end when they are told to', async () => {
  const { pool } = open(() => DEAF, { closeMs: 100 })
  await pool.start()
  const pids = pool.pids
  await pool.close()
  expect(pids.map(isAlive)).toEqual([false, false])
})
