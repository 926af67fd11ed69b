import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockDataDir } from './data-dir-lock.ts'
import { openDataDir } from './data-dir.ts'

let dataDir: string

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'headwater-'))
})

afterEach(() => rm(dataDir, { recursive: true, force: true }))

describe('the data directory', () => {
  it('is made with all above it', async () => {
    await openDataDir(path.join(dataDir, 'a', 'b', 'c'))
    expect(await readdir(path.join(dataDir, 'a', 'b', 'c'))).toEqual([])
  })

  it.runIf(process.platform === 'linux')('that cannot be made is an error at once', async () => {
    await expect(openDataDir('/proc/foo')).rejects.toMatchObject({ code: 'data_dir_unusable' })
    await expect(openDataDir('/proc/foo/bar')).rejects.toMatchObject({ code: 'data_dir_unusable' })
  })

  it('that is a file is an error', async () => {
    await writeFile(path.join(dataDir, 'file'), '')
    for (const wrong of ['file', 'file/below'])
      await expect(openDataDir(path.join(dataDir, wrong))).rejects.toMatchObject({
        code: 'data_dir_unusable',
      })
  })
})

describe('the lock of a data directory', () => {
  const lockFile = () => path.join(dataDir, 'server.lock')

  it('is for one: the next one is told who has it, until it is let go', async () => {
    const first = await lockDataDir(dataDir)
    await expect(lockDataDir(dataDir)).rejects.toMatchObject({
      code: 'data_dir_in_use',
      message: expect.stringContaining(`process ${process.pid}`),
    })
    await first.release()
    await (await lockDataDir(dataDir)).release()
    expect(await readdir(dataDir)).toEqual([])
  })

  it('of a process that was killed is taken over', async () => {
    const child = spawn('sleep', ['60'])
    await once(child, 'spawn')
    const text = JSON.stringify({ pid: child.pid, birth: null })
    await writeFile(lockFile(), text)
    await expect(lockDataDir(dataDir)).rejects.toMatchObject({ code: 'data_dir_in_use' })
    child.kill('SIGKILL')
    await once(child, 'exit')
    await (await lockDataDir(dataDir)).release()
  })

  it.runIf(process.platform === 'linux')(
    'of an earlier process of a number in use is taken over',
    async () => {
      await writeFile(lockFile(), JSON.stringify({ pid: process.ppid, birth: 'long-ago:1' }))
      await (await lockDataDir(dataDir)).release()
    },
  )

  it('that cannot be read is nobody’s', async () => {
    await writeFile(lockFile(), '{"pid":')
    await (await lockDataDir(dataDir)).release()
  })

  it('is had by one of many who find a dead one’s', async () => {
    await writeFile(lockFile(), '')
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockDataDir(dataDir)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(1)
  })
})
