import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDataDir, readFileIfPresent, replaceFile } from './data-dir.ts'
import { loadSecrets, secretsMatch } from './secrets.ts'

describe('loadSecrets', () => {
  it('makes secrets at the first start and finds the same ones at the next', async () => {
    const config = { adminToken: null, clusterSecret: null, dataDir: await newDir() }
    const first = await loadSecrets(config)
    expect(first.isAdminTokenMade).toBe(true)
    expect(first.adminToken.length).toBeGreaterThan(30)
    expect(first.adminToken).not.toBe(first.clusterSecret)
    expect(await loadSecrets(config)).toEqual(first)
  })

  it('keeps them where only their owner can read', async () => {
    const dataDir = await newDir()
    await loadSecrets({ adminToken: null, clusterSecret: null, dataDir })
    expect((await stat(path.join(dataDir, 'admin-token'))).mode & 0o777).toBe(0o600)
  })

  it('prefers the configuration and writes nothing then', async () => {
    const dataDir = await newDir()
    const secrets = await loadSecrets({ adminToken: 'given', clusterSecret: 'given-too', dataDir })
    expect(secrets).toEqual({ adminToken: 'given', isAdminTokenMade: false, clusterSecret: 'given-too' })
    expect(await readFileIfPresent(path.join(dataDir, 'admin-token'))).toBeNull()
  })

  it('refuses a damaged secret and leaves it as it is', async () => {
    const dataDir = await newDir()
    await writeFile(path.join(dataDir, 'admin-token'), '')
    await expect(loadSecrets({ adminToken: null, clusterSecret: null, dataDir })).rejects.toMatchObject({
      code: 'state_corrupt',
    })
    expect(await readFile(path.join(dataDir, 'admin-token'), 'utf8')).toBe('')
  })
})

describe('secretsMatch', () => {
  it('matches equal secrets only, of whatever length', () => {
    expect(secretsMatch('abc', 'abc')).toBe(true)
    expect(secretsMatch('ab', 'abc')).toBe(false)
    expect(secretsMatch('', 'abc')).toBe(false)
  })
})

describe('openDataDir', () => {
  it('makes the directory, private', async () => {
    const dataDir = path.join(await newDir(), 'deep', 'data')
    await openDataDir(dataDir)
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700)
  })

  it('says so when the directory cannot be', async () => {
    const file = path.join(await newDir(), 'file')
    await writeFile(file, '')
    await expect(openDataDir(path.join(file, 'data'))).rejects.toMatchObject({ code: 'data_dir_unusable' })
  })
})

describe('replaceFile', () => {
  it('leaves the old file and no litter when writing fails', async () => {
    const directory = await newDir()
    await expect(replaceFile(path.join(directory, 'gone', 'file'), 'x')).rejects.toThrow()
    await replaceFile(path.join(directory, 'file'), 'old')
    await replaceFile(path.join(directory, 'file'), 'new')
    expect(await readFile(path.join(directory, 'file'), 'utf8')).toBe('new')
  })
})

function newDir(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'headwater-data-'))
}
