import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeComplaint } from './node-version.mjs'
import { isInstalled } from './npm-packages.mjs'
import { atRoot } from './root.mjs'
import { hashSources } from './source-hash.mjs'
import { startPackages, testPackages, whatIsMissing } from './system-packages.mjs'
import { countTests, flakyLines, lastLine } from './test-count.mjs'

describe('nodeComplaint', () => {
  it.each(['18.20.0', '20.18.3', '21.7.0', '22.11.0'])('names what Node %s lacks', (version) => {
    expect(nodeComplaint(version)).toContain('Node 20.19')
    expect(nodeComplaint(version)).toContain(version)
  })

  it.each(['20.19.0', '20.20.2', '22.12.0', '24.0.0', '25.1.0'])('is content with Node %s', (version) => {
    expect(nodeComplaint(version)).toBeNull()
  })
})

describe('isInstalled', () => {
  const wanted = {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '2.0.0', optional: true },
  }

  it('accepts an install that lacks what is optional', () => {
    expect(isInstalled(wanted, { 'node_modules/a': { version: '1.0.0' } })).toBe(true)
  })

  it('refuses another version and a missing package', () => {
    expect(isInstalled(wanted, { 'node_modules/a': { version: '1.0.1' } })).toBe(false)
    expect(isInstalled(wanted, {})).toBe(false)
    expect(
      isInstalled(wanted, { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.0.0' } }),
    ).toBe(false)
  })
})

describe('package-lock.json', () => {
  // npm leaves out the packages of other platforms when it cannot get them, and npm ci then refuses the file.
  it('has an entry for every optional package of every platform', () => {
    const { packages } = JSON.parse(readFileSync(atRoot('package-lock.json'), 'utf8'))
    const paths = Object.keys(packages)
    const wanted = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
    const lacking = wanted.filter((name) => !paths.some((path) => path.endsWith(`node_modules/${name}`)))
    expect(lacking).toEqual([])
  })
})

describe('whatIsMissing', () => {
  it.each([
    ['apt-get', 'sudo apt-get install -y ffmpeg'],
    ['brew', 'brew install ffmpeg'],
    ['dnf', 'sudo dnf install ffmpeg'],
    ['pacman', 'sudo pacman -S ffmpeg'],
  ])('says how to get it with %s', (manager, command) => {
    expect(whatIsMissing(startPackages([]), manager)).toContain(command)
  })

  it('names every way where the system is unknown, and why the program is needed', () => {
    const text = whatIsMissing(testPackages(), null)
    for (const word of ['apt-get', 'brew', 'dnf', 'pacman', 'ffprobe', 'chromium'])
      expect(text).toContain(word)
  })
})

describe('startPackages', () => {
  it('asks for ffmpeg but where an edge runs alone', () => {
    expect(startPackages(['--demo'])).toHaveLength(1)
    expect(startPackages(['--role', 'transcoder'])).toHaveLength(1)
    expect(startPackages(['--role', 'edge'])).toHaveLength(0)
    expect(startPackages(['--role=edge'])).toHaveLength(0)
  })
})

describe('hashSources', () => {
  let folder
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'headwater-hash-'))
    mkdirSync(join(folder, 'media'))
    writeFileSync(join(folder, 'media/a.ts'), 'a')
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const hash = () => hashSources(['media', 'not-there'], folder)

  it('changes with contents, names and new files', () => {
    const hashes = [hash()]
    writeFileSync(join(folder, 'media/a.ts'), 'b')
    hashes.push(hash())
    writeFileSync(join(folder, 'media/b.ts'), 'b')
    hashes.push(hash())
    rmSync(join(folder, 'media/b.ts'))
    writeFileSync(join(folder, 'media/c.ts'), 'b')
    hashes.push(hash())
    expect(new Set(hashes).size).toBe(4)
  })

  it('does not change with a test', () => {
    const before = hash()
    writeFileSync(join(folder, 'media/a.test.ts'), 'test')
    expect(hash()).toBe(before)
  })
})

describe('countTests', () => {
  const report = {
    numPassedTests: 3,
    numFailedTests: 0,
    numPendingTests: 1,
    numTodoTests: 1,
    testResults: [],
  }

  it('counts passed, failed and skipped', () => {
    expect(countTests(report, 0)).toEqual({ passed: 3, failed: 0, skipped: 2 })
  })

  it('counts a file that could not be loaded as a failure', () => {
    const broken = { ...report, testResults: [{ status: 'failed', assertionResults: [] }] }
    expect(countTests(broken, 1).failed).toBe(1)
  })

  it('counts a bad end as a failure, even without a report', () => {
    expect(countTests(report, 1).failed).toBe(1)
    expect(countTests(null, 0).failed).toBe(1)
  })
})

describe('flakyLines', () => {
  const fixture = atRoot('bin/setup/fixtures/flaky')

  /** What vitest itself says of tests of which one fails at the first try, and one at both. */
  function runFlaky() {
    const folder = mkdtempSync(join(tmpdir(), 'headwater-flaky-'))
    const report = join(folder, 'report.json')
    try {
      const vitest = atRoot('node_modules/vitest/vitest.mjs')
      execFileSync(
        process.execPath,
        [vitest, 'run', `--root=${fixture}`, '--reporter=json', `--outputFile=${report}`],
        {
          stdio: 'ignore',
        },
      )
    } catch {
      // one of them fails
    }
    const read = JSON.parse(readFileSync(report, 'utf8'))
    rmSync(folder, { recursive: true })
    return read
  }

  it('names a test that passed only at the second try, and no other', () => {
    const report = runFlaky()
    expect(countTests(report, 1)).toEqual({ passed: 2, failed: 1, skipped: 0 })
    expect(flakyLines(report, fixture)).toEqual([
      'flaky: tries.mjs > tries > passes at the second try: passed at the second try, failed at the first with: Error: the first try',
    ])
  })

  it('has nothing to say of a run without a report', () => {
    expect(flakyLines(null, fixture)).toEqual([])
  })
})

describe('lastLine', () => {
  it('has the form that CI reads', () => {
    expect(lastLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed')
    expect(lastLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped')
  })
})
