/** The tests that every shape must pass, for the short and the long run alike. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AHEAD_LIMIT_MS } from '../../origin/program/timeline.ts'
import { eventually } from './eventually.ts'
import { HeadwaterProcess } from './headwater-process.ts'
import { RtmpClient } from './rtmp-client.ts'
import { hevcTags } from './shape-publisher.ts'
import { lineOf, runShape, SETTLING_SECONDS, type ShapeReport, type ShapeWatch } from './shape-run.ts'
import { CLOCK_KNOWN_AFTER_SEC, periodOf, type Shape } from './shapes.ts'

const LIP_SYNC_MS = 40
/** Parts come every quarter second; one that is being made, and the start, may be missing. */
const PARTS_PER_SECOND_AT_LEAST = 3.5
/** Small pictures and the fastest preset: many programs at once on two cores. */
const CONFIG = `
ladder:
  preset: ultrafast
  cpuLimitPercent: 100
  renditions:
    - { name: 90p, height: 90, bitrateKbps: 150 }
`

export function testShapes(shapes: readonly Shape[], watch: ShapeWatch): void {
  const { watchedMs } = watch
  let server: HeadwaterProcess
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'headwater-shapes-'))
    const config = path.join(folder, 'headwater.yaml')
    await writeFile(config, CONFIG)
    server = await HeadwaterProcess.start({ env: { HEADWATER_CONFIG: config } })
  })

  afterAll(async () => {
    await server?.close()
    await rm(folder, { recursive: true, force: true })
  })

  describe('a publisher of any shape becomes a program that is contiguous, aligned and in sync', () => {
    it.concurrent.for(shapes.map((shape) => [shape.name, shape] as const))('%s', async ([, shape]) => {
      const report = await runShape(server, shape, watch)
      console.log(lineOf(report))
      expectWhole(shape, report, watchedMs / 1000)
      expectTold(shape, report, watchedMs / 1000)
    })
  })

  describe('a publisher of HEVC', () => {
    it.for(['enhanced', 'codec id 12'] as const)('is refused, and told why (%s)', async (kind) => {
      const room = await server.createRoom('HEVC')
      const client = await RtmpClient.publisher(server.rtmpPort, room.key)
      for (const tag of hevcTags(kind)) client.media(tag)
      await client.closed()
      await eventually(async () => (await server.room(room.id)).state === 'refused')
      expect(await server.room(room.id)).toMatchObject({
        refusal: { code: 'video_codec_unsupported', message: expect.stringMatching(/hevc.*set H\.264/) },
      })
    })
  })
}

function expectWhole(shape: Shape, report: ShapeReport, seconds: number): void {
  expect(report.violations).toEqual([])
  expect(report.tracks).toEqual([...shape.rungs, 'audio'].sort())
  const speed = Math.min(shape.speed ?? 1, 1)
  expect(report.parts).toBeGreaterThan(seconds * speed * PARTS_PER_SECOND_AT_LEAST)
  expect(report.aheadMs).toBeLessThan(AHEAD_LIMIT_MS)
  const events = (seconds - (shape.missingSec ?? 0) - SETTLING_SECONDS) / periodOf(shape)
  expect(report.offsets.length).toBeGreaterThan(events * 0.6)
  expect(report.offsets.filter(({ offsetMs }) => Math.abs(offsetMs) > LIP_SYNC_MS)).toEqual([])
}

/** Besides what a streamer must hear of, nothing: a warning that is not so is worse than none. */
function expectTold({ warnings = [] }: Shape, report: ShapeReport, seconds: number): void {
  const isClockKnown = seconds > CLOCK_KNOWN_AFTER_SEC
  expect(report.warnings).toEqual(warnings.filter((code) => isClockKnown || !code.startsWith('clock_')))
}
