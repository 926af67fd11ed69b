import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { captureLog } from '../../tests/support/log-lines.ts'
import type { CapturedLog } from '../../tests/support/log-lines.ts'
import { RoomRegistry } from './registry.ts'
import { DEFAULT_SETTINGS, type Room } from './room.ts'

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
    expect(await second.findByKey(streamKey)).toMatchObject({ kind: 'obs' })
    expect(await second.findByKey(streamKey)).toMatchObject({ room: { id: room.id } })
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
    const { room, streamKey, standbyKey, publisherToken } = await registry.create({ title: 't' })
    const rotated = [
      await registry.rotateKey(room.id),
      await registry.rotateKey(room.id, 'standby'),
      await registry.rotateToken(room.id),
    ]
    const file = path.join(dataDir, 'rooms.json')
    const text = (await readFile(file, 'utf8')) + log.text()
    for (const secret of [streamKey, standbyKey, publisherToken, ...rotated])
      expect(text).not.toContain(secret.split('_').at(-1))
    expect(log.text()).toContain(room.id)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it('accepts a key and a token for their own room only', async () => {
    const registry = await open()
    const one = await registry.create()
    const two = await registry.create()
    expect(await registry.findByKey(one.streamKey.replace(one.room.id, two.room.id))).toBeNull()
    expect(await registry.findByKey(one.streamKey.replace(one.room.id, 'nobody'))).toBeNull()
    expect(await registry.findByKey(one.publisherToken)).toBeNull()
    expect(await registry.verifyToken(one.streamKey)).toBeNull()
    expect(await registry.verifyToken(one.publisherToken.replace(one.room.id, two.room.id))).toBeNull()
    expect(await registry.findByKey('')).toBeNull()
  })

  it('accepts the new key alone after a rotation, and leaves the token', async () => {
    const registry = await open()
    const { room, streamKey, publisherToken } = await registry.create()
    const next = await registry.rotateKey(room.id)
    for (const each of [registry, await open()]) {
      expect(await each.findByKey(streamKey)).toBeNull()
      expect(await each.findByKey(next)).toMatchObject({ kind: 'obs' })
      expect(await each.verifyToken(publisherToken)).not.toBeNull()
    }
  })

  it('tells the standby key from the primary one, and rotates each by itself', async () => {
    const registry = await open()
    const { room, streamKey, standbyKey } = await registry.create()
    const next = await registry.rotateKey(room.id, 'standby')
    for (const each of [registry, await open()]) {
      expect(await each.findByKey(streamKey)).toMatchObject({ room: { id: room.id }, kind: 'obs' })
      expect(await each.findByKey(next)).toMatchObject({ room: { id: room.id }, kind: 'standby' })
      expect(await each.findByKey(standbyKey)).toBeNull()
    }
    await registry.rotateKey(room.id, 'obs')
    expect(await registry.findByKey(streamKey)).toBeNull()
    expect(await registry.findByKey(next)).toMatchObject({ kind: 'standby' })
  })

  it('reads rooms of a version without standby keys and settings, and gives them a standby key at its rotation', async () => {
    const first = await open()
    const { room, streamKey } = await first.create({ title: 'old' })
    const file = path.join(dataDir, 'rooms.json')
    const kept = JSON.parse(await readFile(file, 'utf8')) as { rooms: Record<string, unknown>[] }
    for (const record of kept.rooms) {
      delete record['standbyKeyHash']
      delete record['settings']
    }
    await writeFile(file, JSON.stringify(kept))
    const registry = await open()
    expect(registry.get(room.id)).toEqual(room)
    expect(await registry.findByKey(streamKey)).toMatchObject({ kind: 'obs' })
    const standbyKey = await registry.rotateKey(room.id, 'standby')
    expect(await (await open()).findByKey(standbyKey)).toMatchObject({ kind: 'standby' })
  })

  it('keeps settings over a restart, changes those that are named and tells of it', async () => {
    const registry = await open()
    const { room } = await registry.create({ title: 'before' })
    expect(room.settings).toEqual(DEFAULT_SETTINGS)
    const told: Room[] = []
    registry.onUpdate((changed) => told.push(changed))
    await registry.update(room.id, { settings: { slateAfterMs: 500, record: true } })
    const changed = await registry.update(room.id, { title: ' 之后 ', settings: { slateLanguage: 'zh-CN' } })
    expect(changed).toEqual({
      ...room,
      title: '之后',
      settings: {
        slateAfterMs: 500,
        reconnectWindowS: null,
        record: true,
        slateLanguage: 'zh-CN',
        cascade: null,
        isPrivate: false,
      },
    })
    expect(told.at(-1)).toEqual(changed)
    expect((await open()).get(room.id)).toEqual(changed)
    await expect(registry.update('absent', {})).rejects.toMatchObject({ code: 'room_not_found' })
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
    expect(await registry.findByKey(streamKey)).toMatchObject({ kind: 'obs' })
    await registry.close()
  })
})

async function open(maxRooms = 100): Promise<RoomRegistry> {
  const registry = new RoomRegistry({ dataDir, logger: log.logger, maxRooms, now: () => 1000 })
  await registry.start()
  return registry
}
