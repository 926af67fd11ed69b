import { appendFile, mkdtemp, readFile, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { segmentsOf } from '../../media/playlist/recording.ts'
import { HeadwaterError } from '../../runtime/errors.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { captureLog } from '../../tests/support/log-lines.ts'
import { ScriptedProgram } from '../../tests/support/recorded-program.ts'
import { completeRecording } from './complete.ts'
import { Recorder, type RecorderOptions } from './recorder.ts'
import type { Recording } from './recording.ts'
import { RecordingFiles } from './recording-files.ts'
import { openRecordingFile, type OpenRecordingFile, type RecordingFile } from './recording-writer.ts'

let directory: string
let files: RecordingFiles

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'headwater-'))
  files = new RecordingFiles(directory)
})

afterEach(() => rm(directory, { recursive: true, force: true }))

function record(program: ScriptedProgram, options: Partial<RecorderOptions> = {}): Recorder {
  const { logger } = captureLog()
  const usual = { title: 'T', rendition: 'best', files, checkSpace: async () => {}, logger }
  return new Recorder({ program, ...usual, ...options })
}

async function numbersIn(program: ScriptedProgram): Promise<number[]> {
  return (await files.parts(await files.get(program.roomId, program.id))).map(({ k }) => k)
}

const range = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => first + index)

/** A disk whose writes wait while it is stopped, or fail. */
class BadDisk {
  isStopped = false
  error: Error | null = null
  writes = 0
  #release: (() => void)[] = []

  readonly open: OpenRecordingFile = async (file) => {
    const real = await openRecordingFile(file)
    const write = async (
      bytes: Uint8Array,
      offset: number,
      length: number,
      position: number,
    ): Promise<unknown> => {
      this.writes++
      if (this.isStopped) await new Promise<void>((resolve) => this.#release.push(resolve))
      if (this.error) throw this.error
      return real.write(bytes, offset, length, position)
    }
    return new Proxy(real, {
      get(target, key) {
        const value: unknown = key === 'write' ? write : Reflect.get(target, key)
        return typeof value === 'function' ? value.bind(target) : value
      },
    }) as RecordingFile
  }

  goOn(): void {
    this.isStopped = false
    for (const release of this.#release.splice(0)) release()
  }
}

describe('a recorder', () => {
  it('writes every part once and in order, from the first one that the program still has', async () => {
    const program = new ScriptedProgram()
    program.publish(10)
    const recorder = record(program)
    program.publish(30)
    program.end()
    expect(await recorder.done).toBe('ended')
    expect(await numbersIn(program)).toEqual(range(40, 40))
  })

  it('begins with a keyframe', async () => {
    const program = new ScriptedProgram({ firstPart: 43 })
    program.publish(10)
    const recorder = record(program)
    program.end()
    await recorder.done
    expect(await numbersIn(program)).toEqual(range(48, 5))
  })

  it('leaves what goes on as it is, and another goes on with it byte for byte', async () => {
    const program = new ScriptedProgram()
    const whole = record(program, { files: new RecordingFiles(path.join(directory, 'whole')) })
    const first = record(program)
    program.publish(21)
    expect(await first.close()).toBe('left')
    const { movie, index } = files.paths(program.roomId, program.id)
    await appendFile(movie, 'half a part')
    await appendFile(index, 'half')
    program.publish(20)
    const second = record(program)
    program.publish(9)
    program.end()
    await Promise.all([second.done, whole.done])
    const uncut = new RecordingFiles(path.join(directory, 'whole')).paths(program.roomId, program.id)
    expect(Buffer.compare(await readFile(movie), await readFile(uncut.movie))).toBe(0)
    expect(Buffer.compare(await readFile(index), await readFile(uncut.index))).toBe(0)
  })

  it('forgets what the program has forgotten and makes anew', async () => {
    const before = new ScriptedProgram()
    const first = record(before)
    before.publish(21)
    await first.close()
    const after = new ScriptedProgram({ sampleBytes: 9 })
    after.publish(16)
    const second = record(after)
    after.publish(8)
    after.end()
    await second.done
    expect(await numbersIn(after)).toEqual(range(40, 24))
    const parts = await files.parts(await files.get(after.roomId, after.id))
    const bytesOf = (k: number): number => (parts[k - 40]?.end ?? 0) - (parts[k - 40]?.start ?? 0)
    // Eight pictures of three bytes more; how many audio frames a part holds makes less than that.
    expect(bytesOf(56)).toBeGreaterThan(bytesOf(54) + 15)
  })

  it('goes on after a machine that lost what was not on the disk yet', async () => {
    const program = new ScriptedProgram()
    const first = record(program)
    program.publish(20)
    await first.close()
    const { movie } = files.paths(program.roomId, program.id)
    await truncate(movie, (await readFile(movie)).length - 300)
    const second = record(program)
    program.publish(1)
    program.end()
    await second.done
    expect(await numbersIn(program)).toEqual(range(40, 21))
  })
})

describe('a disk that stands still', () => {
  it('costs the recording what fell out of the window, and the program nothing', async () => {
    const disk = new BadDisk()
    const program = new ScriptedProgram({ windowSeconds: 20 })
    const recorder = record(program, { openFile: disk.open })
    program.publish(8)
    await eventually(() => recorder.facts()?.durationMs === 2000)
    disk.isStopped = true
    program.publish(400)
    expect(program.packager.nextPart).toBe(40 + 408)
    disk.goOn()
    program.end()
    await recorder.done
    const numbers = await numbersIn(program)
    expect(numbers.slice(0, 9)).toEqual(range(40, 9))
    expect(numbers.at(-1)).toBe(40 + 407)
    const [, after] = segmentsOf(await files.parts(await files.get(program.roomId, program.id))).filter(
      ({ k }, index, all) => index === 0 || (all[index - 1]?.k ?? 0) + (all[index - 1]?.parts ?? 0) !== k,
    )
    expect((after?.k ?? 1) % 8).toBe(0)
  })

  it('holds no more memory than the window does, however long it stands', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const disk = new BadDisk()
    const windowBytes = 22 * 30 * 10_000
    const program = new ScriptedProgram({ windowSeconds: 20, sampleBytes: 10_000 })
    const recorder = record(program, { openFile: disk.open })
    disk.isStopped = true
    program.publish(88)
    collect()
    const before = process.memoryUsage().arrayBuffers
    program.publish(800)
    await eventually(() => {
      collect()
      return process.memoryUsage().arrayBuffers < before + windowBytes
    })
    disk.goOn()
    program.end()
    await recorder.done
  })

  it('gets what was left when the program was over', async () => {
    const disk = new BadDisk()
    const program = new ScriptedProgram()
    const recorder = record(program, { openFile: disk.open })
    disk.isStopped = true
    program.publish(50)
    program.end()
    disk.goOn()
    expect(await recorder.done).toBe('ended')
    expect(await numbersIn(program)).toEqual(range(40, 50))
  })
})

describe('a disk that is full', () => {
  it('ends the recording with its last whole part, and says why', async () => {
    const disk = new BadDisk()
    const program = new ScriptedProgram()
    const log = captureLog()
    const recorder = record(program, { openFile: disk.open, logger: log.logger })
    program.publish(20)
    await eventually(() => recorder.facts()?.durationMs === 5000)
    disk.error = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    program.publish(20)
    expect(await recorder.done).toBe('failed')
    expect(program.packager.nextPart).toBe(80)
    expect(log.lines().find(({ code }) => code === 'recording_failed')).toBeDefined()
    const done = await completeRecording(files, await files.get(program.roomId, program.id), 1)
    expect(done).toMatchObject({ complete: true, failure: { code: 'recording_failed' } })
    expect(await numbersIn(program)).toEqual(range(40, 20))
  })

  it('is not waited for: a recording stops while there is room for others', async () => {
    const program = new ScriptedProgram()
    let isFull = false
    const checkSpace = async (): Promise<void> => {
      if (isFull) throw new HeadwaterError('recording_failed', '3 MiB are free on the disk')
    }
    const recorder = record(program, { checkSpace })
    program.publish(8)
    await eventually(() => recorder.facts()?.durationMs === 2000)
    isFull = true
    program.publish(80)
    expect(await recorder.done).toBe('failed')
    expect(recorder.facts()?.failure).toEqual({
      code: 'recording_failed',
      message: '3 MiB are free on the disk',
    })
  })
})

describe('completing', () => {
  /** A program that has ended, and what its recorder has left. */
  const recorded = async (parts: number): Promise<{ program: ScriptedProgram; recording: Recording }> => {
    const program = new ScriptedProgram()
    const recorder = record(program)
    program.publish(parts)
    program.end()
    await recorder.done
    return { program, recording: await files.get(program.roomId, program.id) }
  }

  it('may be cut short anywhere and done again', async () => {
    const { program, recording } = await recorded(30)
    const { movie } = files.paths(program.roomId, program.id)
    await completeRecording(files, recording, 1)
    const once = await readFile(movie)
    await appendFile(movie, 'what a crash left')
    const again = await completeRecording(files, recording, 1)
    expect(Buffer.compare(await readFile(movie), once)).toBe(0)
    expect(again?.bytes).toBe(once.length)
    expect((await files.parts(again ?? recording)).length).toBe(30)
  })

  it('ends before a part that is not what it should be', async () => {
    const { program, recording } = await recorded(30)
    const damaged = (await files.parts(recording))[20]?.start ?? 0
    const { movie } = files.paths(program.roomId, program.id)
    const file = await openRecordingFile(movie)
    await file.write(new Uint8Array(40), 0, 40, damaged)
    await file.close()
    const done = await completeRecording(files, recording, 1)
    expect((await files.parts(done ?? recording)).length).toBe(20)
  })

  it('leaves nothing of a recording without a part', async () => {
    const { program, recording } = await recorded(8)
    await truncate(files.paths(program.roomId, program.id).index, 0)
    expect(await completeRecording(files, recording, 1)).toBeNull()
    expect(await files.list(program.roomId)).toEqual([])
  })
})
