/** Publishers that go and come back, seen as a strict client sees their program: it goes on, in lip-sync, with nothing missing. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { FlvViewer } from '../support/flv-viewer.ts'
import type { PublisherOptions } from '../support/publisher.ts'
import { StrictStage, type StrictlySeen } from '../support/strict-stage.ts'

const LIP_SYNC_MS = 40
/** Before and behind each change, so that there are flashes and beeps to measure. */
const SETTLE_MS = 5000
/** As different from the others as a publisher can be. */
const OTHER: Partial<PublisherOptions> = {
  size: '640x360',
  fps: '25',
  audioOptions: ['-c:a', 'aac', '-ar', '44100', '-ac', '1'],
}

function figures(title: string, seen: StrictlySeen): void {
  console.log(JSON.stringify({ title, ...seen }))
}

// Beside each other, each on a server of its own: small pictures, and most of it is waiting.
describe.concurrent('a publisher that is killed', () => {
  it('and back after a second, then after six, in another format, leaves one whole stream with a slate in it', async (test) => {
    const stage = await StrictStage.start(test)
    const { server, room } = stage
    let publisher = stage.publish()
    const program = await stage.live()
    const viewer = new FlvViewer(Number(new URL(server.url).port), `/live/${room.id}/source.flv`)
    const seen = await stage.watching(program, async () => {
      await sleep(SETTLE_MS)
      await publisher.close()
      await sleep(1000)
      expect(await stage.look()).toEqual({ state: 'interrupted', slate: false, feeding: null })
      publisher = stage.publish(room.key, OTHER)
      await stage.until({ state: 'live' })
      await sleep(SETTLE_MS)
      await publisher.close()
      await stage.until({ state: 'interrupted', slate: true, feeding: 'slate' })
      await sleep(2000)
      publisher = stage.publish()
      await stage.until({ state: 'live', slate: false, feeding: 'obs' })
      await sleep(SETTLE_MS)
    })
    figures('killed', seen)
    expect(seen.violations).toEqual([])
    expect(seen.lips.length).toBeGreaterThan(9)
    for (const offsetMs of seen.lips) expect(Math.abs(offsetMs)).toBeLessThanOrEqual(LIP_SYNC_MS)
    expect((await server.room(room.id)).program_id).toBe(program)
    expect(await server.metric('headwater_program_interruptions_total')).toBe(2)
    expect(await server.metric('headwater_program_slate_seconds_total')).toBeGreaterThan(1)
    const times = viewer.tags().map(({ timestampMs }) => timestampMs)
    expect(viewer.isClosed).toBe(false)
    expect(times.slice(1).every((time, index) => time === 0 || time >= (times[index] ?? 0))).toBe(true)
    viewer.close()
  })

  it('with its connection left half open is replaced at once by one with the same key', async (test) => {
    const stage = await StrictStage.start(test)
    const first = stage.publish()
    const program = await stage.live()
    const seen = await stage.watching(program, async () => {
      await sleep(SETTLE_MS)
      first.child.kill('SIGSTOP')
      await stage.until({ state: 'interrupted' })
      stage.publish()
      await stage.until({ state: 'live' })
      await sleep(SETTLE_MS)
    })
    figures('half open', seen)
    expect(seen.violations).toEqual([])
    for (const offsetMs of seen.lips) expect(Math.abs(offsetMs)).toBeLessThanOrEqual(LIP_SYNC_MS)
    expect((await stage.look()).slate).toBe(false)
  })
})

describe.concurrent('a standby', () => {
  it('takes over from a primary that is killed, and gives way when it is back, without an interruption', async (test) => {
    const stage = await StrictStage.start(test)
    const { server, room } = stage
    const primary = stage.publish()
    const program = await stage.live()
    stage.publish(room.backupKey, OTHER)
    const seen = await stage.watching(program, async () => {
      await sleep(SETTLE_MS)
      await primary.close()
      await stage.until({ state: 'live', feeding: 'standby' })
      await sleep(SETTLE_MS)
      stage.publish()
      await stage.until({ feeding: 'obs' })
      await sleep(SETTLE_MS)
      await server.api('POST', `/api/v1/live/${room.id}/takeover`, { source: 'standby' })
      await stage.until({ feeding: 'standby' })
      await sleep(SETTLE_MS)
    })
    figures('standby', seen)
    expect(seen.violations).toEqual([])
    expect(seen.lips.length).toBeGreaterThan(12)
    for (const offsetMs of seen.lips) expect(Math.abs(offsetMs)).toBeLessThanOrEqual(LIP_SYNC_MS)
    expect(seen.longestWaitMs).toBeLessThan(2500)
    expect(await server.metric('headwater_program_interruptions_total')).toBe(0)
  })
})

describe.concurrent('a streamer who stops', () => {
  it('has the slate at once, goes on in the same program, and ends it in the studio', async (test) => {
    const stage = await StrictStage.start(test)
    const { server, room } = stage
    let publisher = stage.publish()
    const program = await stage.live()
    await sleep(1000)
    await publisher.close('SIGINT')
    await stage.until({ state: 'interrupted', slate: true })
    publisher = stage.publish()
    await stage.until({ state: 'live', slate: false })
    expect((await server.room(room.id)).program_id).toBe(program)
    await server.api('POST', `/api/v1/live/${room.id}/end`)
    await stage.until({ state: 'ended' })
    const playlist = await fetch(`${server.url}/live/${room.id}/${program}/180p/index.m3u8`)
    expect(await playlist.text()).toContain('#EXT-X-ENDLIST')
    expect(await publisher.exited).not.toBeNull()
  })
})
