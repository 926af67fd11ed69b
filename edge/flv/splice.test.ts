import { describe, expect, it } from 'vitest'
import { audioFrame, frame, headers, keyframe, label, media } from '../../tests/support/flv-script.ts'
import type { FlvTag } from '../../media/flv-stream.ts'
import { Splice } from './splice.ts'
import { kindOf } from './tag-kind.ts'

function run(
  splice: Splice,
  tags: FlvTag[],
  program: string | null = null,
  { resumedMs = null, rendition = 'source' }: { resumedMs?: number | null; rendition?: string } = {},
): FlvTag[] {
  splice.begin({ program, resumedMs, rendition })
  return tags.flatMap((tag) => splice.accept(tag, kindOf(tag) ?? 'script') ?? [])
}

function labels(tags: FlvTag[]): string[] {
  return tags.map(label)
}

describe('a splice of connections', () => {
  it('passes the first connection untouched', () => {
    const tags = [...headers(), ...media(10_000, 12_000)]
    expect(labels(run(new Splice(), tags))).toEqual(labels(tags))
  })

  it('passes what comes before the first keyframe of the first connection', () => {
    const tags = [frame(9960), audioFrame(9960), keyframe(10_000)]
    expect(labels(run(new Splice(), tags))).toEqual(['v9960', 'a9960', 'k10000'])
  })

  it('goes on without a hole or a repetition where the connections overlap', () => {
    const splice = new Splice()
    const all = media(10_000, 16_000)
    const before = run(splice, media(10_000, 13_480))
    const after = run(splice, [...headers(), ...media(12_000, 16_000)]).filter((tag) => label(tag).length > 1)
    expect(labels([...before, ...after])).toEqual(labels(all))
  })

  it('goes on at a keyframe where they do not', () => {
    const splice = new Splice()
    run(splice, media(10_000, 11_000))
    const after = run(splice, media(12_520, 14_000))
    expect(labels(after).slice(0, 2)).toEqual(['k13000', 'a13000'])
    expect(after.length).toBe(media(13_000, 14_000).length)
  })

  it('puts another timeline behind the one before, with one offset for audio and video', () => {
    const splice = new Splice()
    run(splice, media(500_000, 502_000))
    const after = run(splice, media(10_000, 11_000))
    expect(after.map((tag) => tag.timestampMs)).toEqual(
      media(10_000, 11_000).map((tag) => tag.timestampMs + 501_960 + 33 - 10_000),
    )
  })

  it('knows another timeline by its program, however near its times are', () => {
    const splice = new Splice()
    run(splice, media(10_000, 15_000), 'one')
    expect(run(splice, media(10_000, 16_000), 'one').length).toBe(media(15_000, 16_000).length)
    expect(run(splice, media(10_000, 16_000), 'two').length).toBe(media(10_000, 16_000).length)
  })

  it('puts behind what was sent what an origin makes anew of the same times after its restart', () => {
    const splice = new Splice()
    run(splice, media(10_000, 15_480), 'one')
    // The source's FLV: nothing of before is there any more.
    const after = run(splice, media(15_000, 17_000), 'one', { resumedMs: 15_000 })
    expect(after.map((tag) => tag.timestampMs)).toEqual(
      media(15_000, 17_000).map((tag) => tag.timestampMs + 473),
    )
    // And a connection after that, of the same life of the origin, repeats what this one had.
    const again = run(splice, media(16_000, 18_000), 'one', { resumedMs: 15_000 })
    expect(again.map((tag) => tag.timestampMs)).toEqual(
      media(17_000, 18_000).map((tag) => tag.timestampMs + 473),
    )
  })

  it('goes on without a hole or a repetition behind a restart where nothing was sent that is made anew', () => {
    const splice = new Splice()
    const before = run(splice, media(10_000, 15_000), 'one')
    const after = run(splice, media(12_000, 17_000), 'one', { resumedMs: 15_000 })
    expect(labels([...before, ...after])).toEqual(labels(media(10_000, 17_000)))
  })

  it('goes on at a keyframe of another rendition behind what was sent, while the sound goes on', () => {
    const splice = new Splice()
    run(splice, media(10_000, 13_480), 'one', { rendition: '720p' })
    const after = run(splice, media(12_000, 16_000), 'one', { rendition: '400p' })
    const sound = media(13_480, 14_000).filter(({ type }) => type === 'audio')
    expect(labels(after)).toEqual(labels([...sound, ...media(14_000, 16_000)]))
    // And a connection after that, of the same rendition, needs no keyframe.
    expect(labels(run(splice, media(15_000, 17_000), 'one', { rendition: '400p' }))).toEqual(
      labels(media(16_000, 17_000)),
    )
  })

  it('waits for that keyframe also when the connection in which it was waited for is lost', () => {
    const splice = new Splice()
    run(splice, media(10_000, 13_480), 'one', { rendition: '720p' })
    run(splice, media(13_000, 13_600), 'one', { rendition: '400p' })
    const after = run(splice, media(13_000, 15_000), 'one', { rendition: '400p' })
    expect(labels(after).filter((each) => !each.startsWith('a'))[0]).toBe('k14000')
  })

  it('takes any keyframe of another rendition of another program', () => {
    const splice = new Splice()
    run(splice, media(10_000, 13_480), 'one', { rendition: '720p' })
    const after = run(splice, media(10_000, 11_000), 'two', { rendition: '400p' })
    expect(after.map((tag) => tag.timestampMs)).toEqual(
      media(10_000, 11_000).map((tag) => tag.timestampMs + 13_440 + 33 - 10_000),
    )
  })

  it('leaves metadata at time 0, and gives other headers the time they come at', () => {
    const splice = new Splice()
    run(splice, media(10_000, 11_000))
    expect(run(splice, headers()).map((tag) => tag.timestampMs)).toEqual([0, 10_960, 10_960])
  })

  it('joins a stream of audio alone by its time', () => {
    const splice = new Splice()
    run(splice, [audioFrame(1000), audioFrame(1020), audioFrame(1040)])
    expect(labels(run(splice, [audioFrame(1020), audioFrame(1040), audioFrame(1060)]))).toEqual(['a1060'])
  })

  it('follows time over the wrap of 32 bits', () => {
    const splice = new Splice()
    const last = 0xffffffff
    run(splice, [keyframe(last - 40), frame(last)])
    expect(run(splice, [keyframe(last - 40), frame(last), frame(39)]).map((tag) => tag.timestampMs)).toEqual([
      39,
    ])
  })
})
