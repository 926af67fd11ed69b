import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { captureLog } from '../../tests/support/log-lines.ts'
import type { CapturedLog } from '../../tests/support/log-lines.ts'
import { RoomRegistry } from './registry.ts'

let dataDir: string
let log: CapturedLog

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'headwater-rooms-'))
  log = captureLog()
})

describe('RoomRegistry', () => {
  it('finds after a restart what it had before: rooms, secrets, signing keys', async () => {
    const first = await open()
    const { room, streamKey, publisherToken } = await first.create({ title: ' 直播间 ' })
    const signingKey = first.signingKey(room.id)

    const second = await open()
    expect(second.get(room.id)).toEqual({ ...room, title: '直播间' })
    expect(await second.verifyKey(room.id, streamKey)).toBe(true)
    expect(await second.findByKey(streamKey)).toMatchObject({ id: room.id })
    expect(await second.verifyToken(publisherToken)).toMatchObject({ id: room.id })
    expect(Buffer.from(second.signingKey(room.id).seed)).toEqual(Buffer.from(signingKey.seed))
    expect(Buffer.from(signingKey.publicKey).toString('base64url')).toBe(room.publicKey)
  })

  it('has a change on disk when its promise resolves', async () => {
    const registry = await open()
    const rooms = await Promise.all(Array.from({ length: 20 }, () => registry.create()))
    expect((await open()).size).toBe(20)
    await Promise.all(rooms.map(({ room }) => registry.delete(room.id)))
    expect((await open()).size).toBe(0)
    expect(await readdir(dataDir)).toEqual(['rooms.json'])
  })

  it('keeps secrets out of the file and the log, and the file to its owner', async () => {
    const registry = await open()
    const { room, streamKey, publisherToken } = await registry.create({ title: 't' })
    const rotated = [await registry.rotateKey(room.id), await registry.rotateToken(room.id)]
    const file = path.join(dataDir, 'rooms.json')
    const text = (await readFile(file, 'utf8')) + log.text()
    for (const secret of [streamKey, publisherToken, ...rotated])
      expect(text).not.toContain(secret.split('_').at(-1))
    expect(log.text()).toContain(room.id)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it('accepts a key and a token for their own room only', async () => {
    const registry = await open()
    const one = await registry.create()
    const two = await registry.create()
    expect(await registry.verifyKey(two.room.id, one.streamKey)).toBe(false)
    expect(await registry.verifyKey('nobody', one.streamKey)).toBe(false)
    expect(await registry.verifyKey(one.room.id, one.publisherToken)).toBe(false)
    expect(await registry.verifyToken(one.streamKey)).toBeNull()
    expect(await registry.verifyToken(one.publisherToken.replace(one.room.id, two.room.id))).toBeNull()
    expect(await registry.findByKey('')).toBeNull()
  })

  it('accepts the new key alone after a rotation, and leaves the token', async () => {
    const registry = await open()
    const { room, streamKey, publisherToken } = await registry.create()
    const next = await registry.rotateKey(room.id)
    for (const each of [registry, await open()]) {
      expect(await each.verifyKey(room.id, streamKey)).toBe(false)
      expect(await each.verifyKey(room.id, next)).toBe(true)
      expect(await each.verifyToken(publisherToken)).not.toBeNull()
    }
  })

  it('forgets a deleted room whole, and tells of it once', async () => {
    const registry = await open()
    const deleted: string[] = []
    registry.onDelete((roomId) => deleted.push(roomId))
    const { room, streamKey, publisherToken } = await registry.create()
    await registry.delete(room.id)
    expect(deleted).toEqual([room.id])
    expect(registry.find(room.id)).toBeUndefined()
    expect(await registry.findByKey(streamKey)).toBeNull()
    expect(await registry.verifyToken(publisherToken)).toBeNull()
    await expect(registry.delete(room.id)).rejects.toMatchObject({ code: 'room_not_found' })
    expect(() => registry.signingKey(room.id)).toThrow('no such room')
  })

  it('holds no more rooms than it may', async () => {
    const registry = await open(2)
    await registry.create()
    const { room } = await registry.create()
    await expect(registry.create()).rejects.toMatchObject({ code: 'too_many_rooms' })
    await registry.delete(room.id)
    await registry.create()
  })

  it.each(['{"version":1,"rooms":[{"id":"x"}]}', '{"version":1,"roo', ''])(
    'refuses to start on a damaged file and leaves it as it is: %j',
    async (text) => {
      const file = path.join(dataDir, 'rooms.json')
      await writeFile(file, text)
      await expect(open()).rejects.toMatchObject({
        code: 'state_corrupt',
        message: expect.stringContaining(file),
      })
      expect(await readFile(file, 'utf8')).toBe(text)
    },
  )

  it('takes a change back that cannot be written', async () => {
    const registry = await open()
    const { room, streamKey } = await registry.create()
    await rm(dataDir, { recursive: true })
    await expect(registry.create()).rejects.toMatchObject({ code: 'data_dir_unusable' })
    await expect(registry.rotateKey(room.id)).rejects.toMatchObject({ code: 'data_dir_unusable' })
    await expect(registry.delete(room.id)).rejects.toMatchObject({ code: 'data_dir_unusable' })
    expect(registry.list().map((each) => each.id)).toEqual([room.id])
    expect(await registry.verifyKey(room.id, streamKey)).toBe(true)
    await registry.close()
  })
})

async function open(maxRooms = 100): Promise<RoomRegistry> {
  const registry = new RoomRegistry({ dataDir, logger: log.logger, maxRooms, now: () => 1000 })
  await registry.start()
  return registry
}
