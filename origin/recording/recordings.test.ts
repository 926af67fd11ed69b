import { readdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../../tests/support/eventually.ts'
import { ScriptedProgram } from '../../tests/support/recorded-program.ts'
import { startRecordings, type RunningRecordings } from '../../tests/support/running-recordings.ts'

const houses: RunningRecordings[] = []

afterEach(async () => {
  for (const house of houses.splice(0)) await house.close()
})

async function start(...args: Parameters<typeof startRecordings>): Promise<RunningRecordings> {
  const house = await startRecordings(...args)
  houses.push(house)
  return house
}

async function begin(house: RunningRecordings, parts = 20): Promise<ScriptedProgram> {
  const program = new ScriptedProgram({ roomId: house.room.room.id })
  program.publish(parts)
  house.live.begin(program)
  await eventually(async () => (await find(house))?.durationMs === parts * 250)
  return program
}

const find = async (
  house: RunningRecordings,
): Promise<Awaited<ReturnType<typeof house.recordings.list>>[0] | undefined> =>
  (await house.recordings.list(house.room.room.id))[0]

describe('an origin that starts again', () => {
  it('goes on with the recording of a program that goes on: one file', async () => {
    const before = await start()
    const program = await begin(before)
    await before.stop()
    program.publish(8)
    const after = await start({ dataDir: before.dataDir, room: before.room, program })
    program.publish(4)
    program.end()
    await eventually(async () => (await find(after))?.complete === true)
    const recording = await find(after)
    expect(recording?.durationMs).toBeGreaterThanOrEqual(8000)
    expect((await after.recordings.parts(recording ?? never())).map(({ k }) => k)).toEqual(
      Array.from({ length: 32 }, (_, index) => 40 + index),
    )
  })

  it('completes the recording of a program that is gone', async () => {
    const before = await start()
    const program = await begin(before)
    await before.stop()
    expect((await find(before))?.complete).toBe(false)
    const after = await start({ dataDir: before.dataDir, room: before.room })
    await eventually(async () => (await find(after))?.complete === true)
    expect((await find(after))?.durationMs).toBeGreaterThanOrEqual(5000)
    program.end()
  })
})

describe('a recording that could not be completed', () => {
  it('is tried again while the server runs: nobody could delete it until then', async () => {
    const house = await start({ options: { sweepIntervalMs: 50 } })
    const program = await begin(house)
    const { index } = house.recordings.files.paths(program.roomId, program.id)
    await rename(index, `${index}.away`)
    program.end()
    await eventually(() => house.log.text().includes('could not be put in order'))
    expect((await find(house))?.complete).toBe(false)
    await rename(`${index}.away`, index)
    await eventually(async () => (await find(house))?.complete === true)
  })
})

describe('a room', () => {
  it('that does not ask for it is not recorded', async () => {
    const house = await start({ options: { isWanted: () => false } })
    const program = new ScriptedProgram({ roomId: house.room.room.id })
    program.publish(20)
    house.live.begin(program)
    program.end()
    expect(await house.recordings.list(house.room.room.id)).toEqual([])
  })

  it('that asks for it in the middle of a program is recorded from what is still there', async () => {
    let isWanted = false
    const house = await start({ options: { isWanted: () => isWanted } })
    const program = new ScriptedProgram({ roomId: house.room.room.id })
    program.publish(200)
    house.live.begin(program)
    isWanted = true
    await house.rooms.update(house.room.room.id, { settings: { record: true } })
    await eventually(async () => ((await find(house))?.durationMs ?? 0) >= 20_000)
    isWanted = false
    await house.rooms.update(house.room.room.id, { settings: { record: false } })
    program.publish(8)
    program.end()
    await eventually(async () => (await find(house))?.complete === true)
    expect((await house.recordings.parts((await find(house)) ?? never())).at(-1)?.k).toBe(40 + 207)
  })

  it('takes its recordings along when it is deleted, one that runs too', async () => {
    const roomDeleted = new Set<(roomId: string) => void>()
    const rooms = {
      find: () => ({ title: 'A show' }),
      onUpdate: () => () => {},
      onDelete: (listener: (roomId: string) => void) => {
        roomDeleted.add(listener)
        return () => void roomDeleted.delete(listener)
      },
    }
    const house = await start({ options: { rooms } })
    const program = await begin(house)
    for (const listener of roomDeleted) listener(house.room.room.id)
    program.end()
    await eventually(async () => (await readdir(path.join(house.dataDir, 'recordings'))).length === 0)
  })
})

describe('a disk that is nearly full', () => {
  it('ends a recording with what it has, complete and with the reason', async () => {
    let free = 1e12
    const config = {
      enabled: true,
      rendition: 'best',
      public: false,
      maxAgeDays: 30,
      maxBytes: 1e12,
      minFreeBytes: 1e9,
    }
    const house = await start({ options: { config, freeBytes: async () => free } })
    const program = await begin(house)
    free = 5e8
    program.publish(80)
    await eventually(async () => (await find(house))?.complete === true)
    expect((await find(house))?.failure).toMatchObject({
      code: 'recording_failed',
      message: '476 MiB are free on the disk, recording.minFreeBytes is 953 MiB',
    })
    expect(program.packager.nextPart).toBe(140)
    house.live.begin(program)
    program.end()
    expect((await house.recordings.list(house.room.room.id)).length).toBe(1)
  })
})

function never(): never {
  throw new Error('no recording')
}
