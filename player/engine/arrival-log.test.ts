import { describe, expect, it } from 'vitest'
import { ArrivalLog } from './arrival-log.ts'

const at = (log: ArrivalLog, mediaS: number): number => Math.round(log.wallMs(mediaS) ?? Number.NaN)

describe('ArrivalLog', () => {
  it('takes the first burst for as old as what comes in time behind it', () => {
    const log = new ArrivalLog()
    for (let media = 10; media < 19; media += 0.5) log.note(media, 100_000)
    log.note(19, 100_300)
    expect(at(log, 11)).toBe(92_300)
    expect(at(log, 19)).toBe(100_300)
  })

  it('knows what came before a pause from what came after it', () => {
    const log = new ArrivalLog()
    for (let media = 10; media <= 20; media += 0.5) log.note(media, media * 1000)
    for (let media = 20.5; media <= 30; media += 0.5) log.note(media, media * 1000 + 3000)
    expect(at(log, 19)).toBe(19_000)
    expect(at(log, 25)).toBe(28_000)
  })

  it('says nothing of what it has not seen', () => {
    expect(new ArrivalLog().wallMs(5)).toBeNull()
  })
})
