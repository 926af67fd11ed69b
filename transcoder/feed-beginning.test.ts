import { PassThrough, Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { encodeFlvTag, FLV_HEADER, type FlvTag } from '../media/flv-stream.ts'
import { videoHeaderTag, videoTag } from '../tests/support/flv-tags.ts'
import { readBeginning } from './feed-beginning.ts'

function bytesOf(tags: readonly FlvTag[]): Buffer {
  return Buffer.concat([FLV_HEADER, ...tags.map(encodeFlvTag)])
}

describe('the beginning of a feed', () => {
  it('is there with the first keyframe, where the rate is known', async () => {
    const feed = new PassThrough()
    feed.write(bytesOf([videoHeaderTag(), videoTag(0, { keyframe: true })]))
    const beginning = await readBeginning(feed, true)
    expect(beginning?.bytes).toEqual(bytesOf([videoHeaderTag(), videoTag(0, { keyframe: true })]))
    expect(feed.destroyed).toBe(false)
  })

  it('is as long as it takes to measure a rate that is not known', async () => {
    const tags = Array.from({ length: 30 }, (_, index) => videoTag(index * 40, { keyframe: index === 0 }))
    const chunks = tags.map((tag) => Buffer.from(encodeFlvTag(tag)))
    const beginning = await readBeginning(
      Readable.from([Buffer.from(FLV_HEADER), ...chunks], { objectMode: false }),
      false,
    )
    expect(beginning?.measuredRate).toBeCloseTo(25, 5)
  })

  it('is none where the feed ends before a keyframe', async () => {
    expect(await readBeginning(Readable.from([bytesOf([videoTag(0)])]), true)).toBeNull()
  })
})
