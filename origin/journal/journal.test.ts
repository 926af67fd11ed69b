import { watch } from 'node:fs'
import { mkdtemp, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runningNumber } from '../../media/part.ts'
import { createPackager, FIRST, FPS, PROGRAM_ID, sendAll } from '../../tests/support/fed-packager.ts'
import { captureLog, type CapturedLog } from '../../tests/support/log-lines.ts'
import { eventually } from '../../tests/support/eventually.ts'
import type { Packager } from '../packager/packager.ts'
import type { RestoredProgram } from '../program/restored-program.ts'
import { Journals, type JournaledProgram } from './journals.ts'
import { MAX_PARTS_BEHIND, PARTS_PER_FILE, ProgramJournal } from './program-journal.ts'
import type { ProgramRecord } from './program-record.ts'

const EPOCH_MS = 1_700_000_000_000
const NAMES = ['720p', '400p']
const RENDITIONS = NAMES.map((name) => ({ name, width: 1280, height: 720, fps: FPS, bitrateKbps: 1500 }))

let dataDir: string
let log: CapturedLog

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'headwater-'))
  log = captureLog()
})

afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true })
})

function open(): Journals {
  return new Journals({ dataDir, logger: log.logger, now: () => EPOCH_MS + 3_600_000 })
}

function programOf(packager: Packager, changes: Partial<JournaledProgram> = {}): JournaledProgram {
  return {
    id: PROGRAM_ID,
    roomId: 'room-1',
    startedAtMs: EPOCH_MS + 10_000,
    epochMs: EPOCH_MS,
    plan: { fps: FPS, source: { width: 1280, height: 720 }, renditions: RENDITIONS, notices: [] },
    interruptions: 2,
    interruptedAtMs: null,
    windowEndsAtMs: null,
    isOver: false,
    packager,
    ...changes,
  }
}

/** A program with parts up to `end`, journalled as it was made, its process gone. */
async function leave(end: number, packager = createPackager(NAMES)): Promise<Packager> {
  const journals = open()
  journals.follow(programOf(packager))
  for (let k = FIRST; k < end; k += 8) {
    sendAll(packager, k, Math.min(end, k + 8))
    await journals.settle()
  }
  await journals.close()
  return packager
}

async function readOne(): Promise<RestoredProgram> {
  const [program] = await open().read()
  if (!program) throw new Error(`nothing was read: ${log.text()}`)
  return program
}

function filesOf(): Promise<string[]> {
  return readdir(path.join(dataDir, 'programs', PROGRAM_ID))
}

function inWindow(packager: Packager, name: string): Uint8Array[] {
  const track = packager.find(name)?.track
  return (track?.segments() ?? []).flatMap(({ msn }) =>
    (track?.findSegment(msn)?.parts ?? []).flatMap(({ bytes }) => bytes ?? []),
  )
}

describe('a journal', () => {
  it('gives back what the program was, byte for byte', async () => {
    const packager = await leave(FIRST + 20)
    const program = await readOne()
    expect(program).toMatchObject({
      id: PROGRAM_ID,
      roomId: 'room-1',
      startedAtMs: EPOCH_MS + 10_000,
      epochMs: EPOCH_MS,
      nextPart: FIRST + 20,
      interruptions: 3,
      windowEndsAtMs: null,
      // The last part came in then; nobody could write down more.
      interruptedAtMs: expect.closeTo(EPOCH_MS + (FIRST + 20) * 250, -3),
    })
    expect(program.plan?.renditions).toEqual(RENDITIONS)
    expect(program.tracks.map(({ name }) => name)).toEqual(['audio', ...NAMES])
    for (const { name, init, parts } of program.tracks) {
      expect(Buffer.from(init)).toEqual(Buffer.from(packager.find(name)?.track.init ?? []))
      expect(parts.map(({ bytes }) => Buffer.from(bytes))).toEqual(
        inWindow(packager, name).map((bytes) => Buffer.from(bytes)),
      )
    }
  })

  it('keeps when its publisher was lost, if that was before the end', async () => {
    const journals = open()
    const packager = createPackager(NAMES)
    sendAll(packager, FIRST, FIRST + 8)
    const lost = { interruptedAtMs: EPOCH_MS + 20_000, windowEndsAtMs: EPOCH_MS + 320_000 }
    journals.follow(programOf(packager, lost))
    await journals.close()
    expect(await readOne()).toMatchObject({ ...lost, interruptions: 2 })
  })

  it('is known of only when its parts are there: killed in between, nothing is half there', async () => {
    const directory = path.join(dataDir, 'programs', PROGRAM_ID)
    await mkdir(directory, { recursive: true })
    const appeared: string[] = []
    const watcher = watch(directory, (event, name) => void (event === 'rename' && appeared.push(name ?? '')))
    await leave(FIRST + 8)
    await eventually(() => appeared.includes('program.json'))
    watcher.close()
    const before = appeared.slice(0, appeared.indexOf('program.json'))
    for (const name of ['audio', ...NAMES]) expect(before).toContain(`${name}-${FIRST}.mp4`)
  })

  it('holds little more than the window', async () => {
    const packager = await leave(FIRST + 4 * PARTS_PER_FILE + 16, createPackager(NAMES, 20))
    const starts = [...new Set((await filesOf()).flatMap((name) => /-(\d+)\.mp4/.exec(name)?.[1] ?? []))]
    expect(starts.map(Number).sort((a, b) => a - b)).toEqual([
      FIRST + 3 * PARTS_PER_FILE,
      FIRST + 4 * PARTS_PER_FILE,
    ])
    expect((await readOne()).nextPart).toBe(packager.nextPart)
  })

  it('is readable for nobody but its owner', async () => {
    await leave(FIRST + 8)
    const directory = path.join(dataDir, 'programs', PROGRAM_ID)
    const names = await filesOf()
    const modes = await Promise.all(
      names.map(async (name) => (await stat(path.join(directory, name))).mode & 0o777),
    )
    expect(new Set(modes)).toEqual(new Set([0o600]))
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    expect((await stat(path.dirname(directory))).mode & 0o777).toBe(0o700)
  })

  it('goes on behind a restart, and is read back as one after the next', async () => {
    await leave(FIRST + 21)
    const journals = open()
    const [before] = await journals.read()
    const packager = createPackager([])
    if (before) packager.restore(before)
    expect(packager.nextPart).toBe(FIRST + 21)
    journals.follow(programOf(packager))
    sendAll(packager, FIRST + 21, FIRST + 40)
    await journals.close()
    const after = await readOne()
    expect(after.nextPart).toBe(FIRST + 40)
    for (const { parts } of after.tracks)
      expect(parts.map(({ header }) => runningNumber(header))).toEqual(
        Array.from({ length: 40 }, (_, at) => FIRST + at),
      )
  })

  it('is written anew where a restart ended before every track had its first part', async () => {
    await leave(FIRST + 8)
    const directory = path.join(dataDir, 'programs', PROGRAM_ID)
    await writeFile(path.join(directory, `audio-${FIRST + 8}.mp4`), 'torn')
    const journals = open()
    const [before] = await journals.read()
    const packager = createPackager([])
    if (before) packager.restore(before)
    journals.follow(programOf(packager))
    sendAll(packager, FIRST + 8, FIRST + 16)
    await journals.close()
    expect(log.text()).not.toContain('journal_failed')
    expect((await readOne()).nextPart).toBe(FIRST + 16)
  })

  it('is not touched by what happens to its program while the process ends', async () => {
    const journals = open()
    const packager = createPackager(NAMES)
    journals.follow(programOf(packager))
    sendAll(packager, FIRST, FIRST + 8)
    await journals.close()
    const before = await filesOf()
    sendAll(packager, FIRST + 8, FIRST + 16)
    journals.follow(programOf(packager, { interruptedAtMs: EPOCH_MS, windowEndsAtMs: EPOCH_MS }))
    await journals.settle()
    expect(await filesOf()).toEqual(before)
    expect(await readOne()).toMatchObject({ nextPart: FIRST + 8, windowEndsAtMs: null })
  })

  it('is gone when its program has ended', async () => {
    const journals = open()
    const packager = createPackager(NAMES)
    journals.follow(programOf(packager))
    sendAll(packager, FIRST, FIRST + 8)
    journals.follow(programOf(packager, { isOver: true }))
    await journals.close()
    expect(await readdir(path.join(dataDir, 'programs'))).toEqual([])
    expect(await open().read()).toEqual([])
  })
})

describe('a disk that does not take it', () => {
  it('is warned of once, and leaves nothing that is behind the program', async () => {
    await writeFile(path.join(dataDir, 'programs'), 'in the way')
    const journals = open()
    const packager = createPackager(NAMES)
    journals.follow(programOf(packager))
    sendAll(packager, FIRST, FIRST + 8)
    await eventually(() => log.text().includes('journal_failed'))
    sendAll(packager, FIRST + 8, FIRST + 16)
    await journals.close()
    expect(log.lines().filter(({ code }) => code === 'journal_failed')).toHaveLength(1)
    expect(packager.nextPart).toBe(FIRST + 16)
  })

  it('is tried again, and has the whole window then', async () => {
    const directory = path.join(dataDir, 'programs', PROGRAM_ID)
    await writeFile(path.join(dataDir, 'programs'), 'in the way')
    const packager = createPackager(NAMES)
    const { logger } = log
    const journal = new ProgramJournal({ directory, packager, describe: recordOf, logger, retryMs: 0 })
    sendAll(packager, FIRST, FIRST + 8)
    await eventually(() => log.text().includes('journal_failed'))
    await rm(path.join(dataDir, 'programs'))
    sendAll(packager, FIRST + 8, FIRST + 16)
    await journal.close()
    const program = await readOne()
    expect(program.nextPart).toBe(FIRST + 16)
    expect(program.tracks.map(({ parts }) => parts.length)).toEqual([16, 16, 16])
    expect(log.text()).toContain('kept on disk again')
  })

  it('that is ten seconds behind is given up: what it has would bring back numbers long used', async () => {
    const directory = path.join(dataDir, 'programs', PROGRAM_ID)
    const packager = createPackager(NAMES)
    const journal = new ProgramJournal({ directory, packager, describe: recordOf, logger: log.logger })
    sendAll(packager, FIRST, FIRST + 8)
    await journal.settle()
    // All in one go: the disk had no time for any of it.
    sendAll(packager, FIRST + 8, FIRST + 8 + MAX_PARTS_BEHIND + 16)
    await journal.settle()
    await journal.close()
    expect(log.text()).toContain('journal_failed')
    expect(await open().read()).toEqual([])
  })
})

function recordOf(): ProgramRecord {
  const { packager: _, isOver: __, ...facts } = programOf(createPackager([]))
  return { version: 1, ...facts }
}

describe('a process that was killed at any moment', () => {
  it('leaves every track up to the same part, or nothing', async () => {
    const packager = await leave(FIRST + 12)
    const directory = path.join(dataDir, 'programs', PROGRAM_ID)
    const names = (await filesOf()).filter((name) => name.endsWith('.mp4'))
    const whole = await Promise.all(names.map((name) => readFile(path.join(directory, name))))
    const cuts = fc.tuple(...whole.map((bytes) => fc.oneof(fc.constant(bytes.length), fc.nat(bytes.length))))
    await fc.assert(
      fc.asyncProperty(cuts, async (lengths) => {
        await mkdir(directory, { recursive: true })
        const record = path.join(directory, 'program.json')
        const text = await readFile(record, 'utf8').catch(() => kept)
        kept = text
        await writeFile(record, text)
        for (const [index, name] of names.entries()) {
          await writeFile(path.join(directory, name), whole[index] ?? '')
          await truncate(path.join(directory, name), lengths[index])
        }
        const [program] = await open().read()
        if (!program) return
        expect(program.nextPart).toBeLessThanOrEqual(FIRST + 12)
        for (const { name, parts } of program.tracks) {
          const expected = inWindow(packager, name).slice(0, program.nextPart - FIRST)
          expect(parts.map(({ bytes }) => Buffer.from(bytes))).toEqual(
            expected.map((bytes) => Buffer.from(bytes)),
          )
        }
      }),
      { numRuns: 60 },
    )
  })

  it('and whose disk has written nonsense has that left out', async () => {
    await leave(FIRST + 12)
    const directory = path.join(dataDir, 'programs', PROGRAM_ID)
    const file = path.join(directory, `720p-${FIRST}.mp4`)
    const bytes = await readFile(file)
    bytes.fill(0, bytes.length - 20)
    await writeFile(file, bytes)
    expect((await readOne()).nextPart).toBe(FIRST + 11)
  })

  it('and left a record that is none has lost that program alone', async () => {
    await leave(FIRST + 8)
    await mkdir(path.join(dataDir, 'programs', 'p0000000'))
    await writeFile(path.join(dataDir, 'programs', 'p0000000', 'program.json'), '{')
    expect((await open().read()).map(({ id }) => id)).toEqual([PROGRAM_ID])
    expect(log.text()).toContain('journal_unreadable')
    expect(await readdir(path.join(dataDir, 'programs'))).toEqual([PROGRAM_ID])
  })
})

let kept = ''
