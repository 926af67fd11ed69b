import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { encodeFlvTag, FLV_HEADER } from '../media/flv-tag.ts'
import { captureLog } from '../tests/support/log-lines.ts'
import { Job } from './job.ts'
import type { OriginClient } from './origin-client.ts'

/** Says that it is a keyframe of H.264, and is none. */
const BROKEN_KEYFRAME = Uint8Array.of(0x17, 1, 0, 0, 0, 1, 2, 3, 4)

describe('a job whose source is refused', () => {
  it('says why, ends, and lets go of the feed', async () => {
    const feed = new PassThrough()
    feed.write(FLV_HEADER)
    feed.write(encodeFlvTag({ type: 'video', timestampMs: 10_000, data: BROKEN_KEYFRAME }))
    const refusals: string[] = []
    const origin = {
      job: async () => ({ nextPart: 40, frameRate: 30, state: 'starting' }),
      feed: async () => feed,
      refuse: async (_: string, { code }: { code: string }) => void refusals.push(code),
    } as unknown as OriginClient
    const job = new Job({
      id: 'job',
      fence: 1,
      origin,
      ladder: { renditions: [], sourceHeight: true },
      limits: { maxWidth: 1920, maxHeight: 1080 },
      logger: captureLog().logger,
      admit: () => 'not asked',
    })
    await job.done
    expect(refusals).toEqual(['video_unreadable'])
    expect(feed.destroyed).toBe(true)
  })
})
